"""`import losskit` loads NumPy alone, and quickly."""

import subprocess
import sys

FRAMEWORKS = (
    *("keras", "tensorflow", "torch", "jax", "matplotlib", "sklearn", "pandas", "pyarrow"),
    *("scipy", "typer", "rich", "hypothesis", "ml_dtypes", "mpmath"),
)
SCRIPT = """
import sys, time
import numpy
before = set(sys.modules)
start = time.perf_counter()
import losskit
took = time.perf_counter() - start
losskit.Huber(delta=2.0).value_and_gradient([1.0, 2.0], [1.5, 8.0])
losskit.metrics.binary_accuracy([1], [0.7])
losskit.get("mse")
new = set(sys.modules) - before
print(took)
print(" ".join(sorted({name.partition(".")[0] for name in new})))
"""


def _run():
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True
    )
    took, modules = done.stdout.splitlines()
    return float(took), set(modules.split())


def test_import_loads_no_framework():
    _, modules = _run()
    assert "losskit" in modules
    assert not modules & set(FRAMEWORKS)


def test_core_and_losses_load_no_framework():
    script = (
        "import sys, importlib, pkgutil, losskit.core, losskit.losses\n"
        "for package in (losskit.losses,):\n"
        "    for m in pkgutil.walk_packages(package.__path__, package.__name__ + '.'):\n"
        "        importlib.import_module(m.name)\n"
        "for m in pkgutil.walk_packages(losskit.core.__path__, 'losskit.core.'):\n"
        "    importlib.import_module(m.name)\n"
        f"loaded = set(sys.modules) & set({FRAMEWORKS!r})\n"
        "assert not loaded, loaded\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_the_check_is_loaded_when_asked_for():
    script = (
        "import sys, losskit\n"
        "assert 'check' in dir(losskit) and 'losskit.checks' not in sys.modules\n"
        "report = losskit.check('bce', [1.0, 0.0], [2.5, -1.0])\n"
        "assert 'LK103' in report and 'LK103' in str(report) and report._repr_html_()\n"
        f"loaded = set(sys.modules) & set({FRAMEWORKS!r})\n"
        "assert not loaded, loaded\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_import_is_quick(record_property):
    """The figure is for people; the bound is loose, for a machine may be busy."""
    took = min(_run()[0] for _ in range(3))
    record_property("import_seconds", took)
    print(f"import losskit: {took * 1e3:.0f} ms beyond NumPy's own")
    assert took < 1.0
