"""What is generated and committed is fresh: stubs, the reference, the kernels' formulas."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import losskit
from losskit.core.definition import cards

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize(
    "script",
    [
        *("write_stubs.py", "write_docs.py", "write_kernels.py"),
        pytest.param("fit_polynomials.py", marks=pytest.mark.exhaustive),
    ],
)
def test_fresh(script):
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / script), "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    "stub", ["__init__.pyi", "keras/__init__.pyi", "torch/__init__.pyi", "jax/__init__.pyi"]
)
def test_stub_knows_every_public_name(stub):
    tree = ast.parse((ROOT / "src" / "losskit" / stub).read_text(encoding="utf-8"))
    known = {n.name for n in tree.body if isinstance(n, (ast.ClassDef, ast.FunctionDef))}
    for node in tree.body:
        if isinstance(node, ast.ImportFrom):
            known |= {alias.asname or alias.name for alias in node.names}
    numpy_only = {"metrics", "native", "log_softmax", "check", "loss"}
    numpy_only |= {"get_num_threads", "set_num_threads"}
    wanted = set(losskit.__all__) - {"__version__"}
    if stub.startswith("jax"):
        # Functions alone, but for those whose name is optax's.
        wanted = {name for name in wanted if name == name.lower()}
        wanted -= {"cosine_similarity", "kl_divergence", "log_cosh"}
    assert (wanted - numpy_only if "/" in stub else wanted) <= known


def test_reference_has_every_loss():
    page = (ROOT / "docs" / "losses.md").read_text(encoding="utf-8")
    for name in losskit.__all__:
        if isinstance(getattr(losskit, name), type) and name != "Loss":
            assert f"### {name}\n" in page


def test_every_loss_has_its_metric_on_the_page():
    page = (ROOT / "docs" / "losses-and-metrics.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| [")]
    for card in cards():
        (row,) = (r for r in rows if f"[`{card.name}`](losses.md#{card.__name__.lower()})" in r)
        assert f"| `{card.metric}`" in row


def test_planted_error_in_a_formula_makes_the_kernels_stale(monkeypatch):
    """The text follows the card: a factor of 1.001 in one slope is seen."""
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    import write_kernels

    from losskit.losses.regression import Huber

    fresh = write_kernels.kernels()
    assert fresh == write_kernels.TARGET.read_text()
    slope = Huber.slope
    monkeypatch.setattr(Huber, "slope", lambda self, m, y, p: 1.001 * slope(self, m, y, p))
    assert write_kernels.kernels() != fresh
