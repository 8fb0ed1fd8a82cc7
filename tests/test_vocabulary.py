"""The compiled functions of the vocabulary, measured: at most 2 units in the last place."""

import platform
import shutil
import subprocess
from pathlib import Path

import pytest

CSRC = Path(__file__).parents[1] / "csrc"
FLAGS = [
    "-std=c++20",
    "-O2",
    "-fno-math-errno",
    "-fno-trapping-math",
    "-ffp-contract=fast",
    "-fwrapv",
]
COMPILER = shutil.which("g++") or shutil.which("clang++")
X86 = platform.machine() in ("x86_64", "AMD64")
VERSIONS = {"x86-64-v2": 16, "x86-64-v3": 32} if X86 else {"native": 16}


@pytest.mark.skipif(COMPILER is None, reason="no C++ compiler")
@pytest.mark.parametrize(
    "version",
    [pytest.param(v, marks=pytest.mark.exhaustive if v == "x86-64-v2" else ()) for v in VERSIONS],
)
def test_within_two_ulp(version, tmp_path):
    # With and without a fused multiply-add: v3 has one, v2 has not.
    program = tmp_path / "vocabulary"
    subprocess.run(
        [COMPILER, *FLAGS, f"-march={version}", f"-DLOSSKIT_VECTOR_BYTES={VERSIONS[version]}",
         f"-I{CSRC}", str(CSRC / "tests" / "vocabulary.cpp"), "-o", str(program), "-pthread"],
        check=True,
    )  # fmt: skip
    done = subprocess.run([str(program)], capture_output=True, text=True, check=False)
    if done.returncode < 0:
        pytest.skip(f"this machine does not run {version}")
    assert done.returncode == 0, done.stdout
