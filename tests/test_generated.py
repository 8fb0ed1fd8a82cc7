"""What is generated from the cards and committed is fresh: stubs and the reference of losses."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import losskit

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("script", ["write_stubs.py", "write_docs.py"])
def test_fresh(script):
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / script), "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("stub", ["__init__.pyi", "keras/__init__.pyi"])
def test_stub_knows_every_public_name(stub):
    tree = ast.parse((ROOT / "src" / "losskit" / stub).read_text(encoding="utf-8"))
    known = {n.name for n in tree.body if isinstance(n, (ast.ClassDef, ast.FunctionDef))}
    for node in tree.body:
        if isinstance(node, ast.ImportFrom):
            known |= {alias.asname or alias.name for alias in node.names}
    assert set(losskit.__all__) - {"__version__", "metrics"} <= known


def test_reference_has_every_loss():
    page = (ROOT / "docs" / "losses.md").read_text(encoding="utf-8")
    for name in losskit.__all__:
        if isinstance(getattr(losskit, name), type) and name != "Loss":
            assert f"### {name}\n" in page
