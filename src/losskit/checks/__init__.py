"""What is wrong with a loss call: `check`, what it finds, and how findings are shown.

The picture: `libraries/` recognise a loss and call it as its own library would; `call` holds the
arrays, and what the findings ask of them; each finding is one function, in a file per family;
`report` is what comes back.
"""

from typing import TYPE_CHECKING, Any

from losskit.checks.report import CheckError, Finding, Report, Skipped

if TYPE_CHECKING:
    from losskit.checks.run import check

__all__ = ["CheckError", "Finding", "Report", "Skipped", "check"]


def __getattr__(name: str) -> Any:
    """`check` loads all findings, which the command line only needs for its own command."""
    if name != "check":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from losskit.checks.run import check

    return check
