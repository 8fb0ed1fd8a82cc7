"""What each loss is: one card per loss, one family per file. The only place to edit to add one."""

from importlib import import_module
from pkgutil import iter_modules

__all__ = sorted(module.name for module in iter_modules(__path__))  # noqa: PLE0605

for _name in __all__:
    import_module(f"{__name__}.{_name}")
