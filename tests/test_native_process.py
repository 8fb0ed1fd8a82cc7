"""The compiled kernels in a process: threads, forks, what the environment says.

These tests too run under AddressSanitizer and UndefinedBehaviorSanitizer (see .ci/run), so they
import no framework.
"""

import multiprocessing
import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import test_native  # noqa: F401  (skips these too where the kernels were not built)

import losskit
from losskit import native

# --- threads ------------------------------------------------------------------------------------


@pytest.fixture
def threads():
    before = native.get_num_threads()
    yield
    losskit.set_num_threads(before)


def large_calls():
    rng = np.random.default_rng(0)
    y, p = rng.normal(size=(2, 700_001)).astype(np.float32)
    z = rng.normal(size=(1001, 700)).astype(np.float32)
    labels, weight = rng.integers(0, 700, 1001), rng.random(1001)
    sparse = losskit.SparseCategoricalCrossentropy(from_logits=True)
    return [
        lambda: losskit.Huber().value_and_gradient(y, p),
        lambda: losskit.LogCosh(reduction="sum").value_and_gradient(y, p),
        lambda: losskit.MeanSquaredError().value_and_gradient(y, p, np.abs(y), mask=p > 0),
        lambda: losskit.RootMeanSquaredError().value_and_gradient(y, p),
        lambda: sparse.value_and_gradient(labels, z),
        lambda: sparse.value_and_gradient(labels, z, weight),
        lambda: losskit.SparseCategoricalCrossentropy(
            from_logits=True, axis=0, label_smoothing=0.1
        ).value_and_gradient(labels[:700] % 7, z[:7]),
    ]


@pytest.mark.usefixtures("threads")
def test_the_number_of_threads_changes_no_bit():
    calls = large_calls()
    losskit.set_num_threads(1)
    want = [call() for call in calls]
    for count in (2, 3, 8):
        losskit.set_num_threads(count)
        assert losskit.get_num_threads() == count
        for call, (value, gradient) in zip(calls, want, strict=True):
            got_value, got_gradient = call()
            assert got_value == value
            np.testing.assert_array_equal(got_gradient, gradient)


@pytest.mark.usefixtures("threads")
def test_many_callers_at_once():
    losskit.set_num_threads(3)
    calls = large_calls()
    want = [call() for call in calls]
    wrong = []

    def work(seed):
        for i in np.random.default_rng(seed).permutation(np.arange(4 * len(calls)) % len(calls)):
            value, gradient = calls[i]()
            if value != want[i][0] or not np.array_equal(gradient, want[i][1]):
                wrong.append(i)

    workers = [threading.Thread(target=work, args=(s,)) for s in range(6)]
    for w in workers:
        w.start()
    for w in workers:
        w.join(timeout=120)
    assert not any(w.is_alive() for w in workers)
    assert not wrong


def _in_child(pipe):
    pipe.send([float(call()[0]) for call in large_calls()])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.usefixtures("threads")
@pytest.mark.filterwarnings("ignore:.*fork.*")
def test_a_forked_child_neither_hangs_nor_crashes():
    losskit.set_num_threads(4)
    want = [float(call()[0]) for call in large_calls()]  # the pool has threads now
    context = multiprocessing.get_context("fork")
    children = []
    stop = threading.Event()
    # Forked while another thread is amid a call.
    busy = threading.Thread(
        target=lambda: [call() for call in large_calls() * 20 if not stop.is_set()]
    )
    busy.start()
    for _ in range(6):
        mine, theirs = context.Pipe()
        child = context.Process(target=_in_child, args=(theirs,))
        child.start()
        children.append((child, mine))
    for child, pipe in children:
        assert pipe.poll(60), "the child hangs"
        assert pipe.recv() == want
        child.join(20)
        assert child.exitcode == 0
    stop.set()
    busy.join()
    assert [float(call()[0]) for call in large_calls()] == want


@pytest.mark.parametrize("bad", [0, -1, 5000, 1.5, True, "2", None])
def test_thread_counts_are_checked(bad):
    with pytest.raises((TypeError, ValueError), match=f"threads must be .* got {bad!r}"):
        losskit.set_num_threads(bad)


@pytest.mark.usefixtures("threads")
def test_threadpoolctl():
    threadpoolctl = pytest.importorskip("threadpoolctl")
    losskit.set_num_threads(3)
    with threadpoolctl.threadpool_limits(1):
        assert losskit.get_num_threads() == 1
    assert losskit.get_num_threads() == 3
    assert any(lib["user_api"] == "losskit" for lib in threadpoolctl.threadpool_info())


# --- the environment ----------------------------------------------------------------------------


def run(code, **environment):
    env = {**os.environ, **environment}
    return subprocess.run(
        [sys.executable, "-c", code],
        env=env,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


TWICE = (
    "import numpy as np, losskit\n"
    "y, p = np.zeros(3), np.ones(3)\n"
    "print(losskit.native.available(), *(losskit.huber(y, p) for _ in range(3)))"
)


def test_switched_off_it_says_so_once():
    done = run(TWICE, LOSSKIT_NATIVE="0")
    assert done.stdout.split() == ["False", "0.5", "0.5", "0.5"]
    assert done.stderr.count("RuntimeWarning: LOSSKIT_NATIVE is 0") == 1
    done = run(TWICE, LOSSKIT_NATIVE="1")
    assert done.stdout.split() == ["True", "0.5", "0.5", "0.5"]
    assert "Warning" not in done.stderr


def test_not_built_it_says_so_once():
    hidden = "import sys; sys.modules['losskit._kernels'] = None\n" + TWICE
    done = run(hidden)
    assert done.stdout.split() == ["False", "0.5", "0.5", "0.5"], done.stderr
    assert done.stderr.count("RuntimeWarning: The compiled kernels are not there") == 1


def test_threads_from_the_environment():
    code = "import losskit; print(losskit.get_num_threads())"
    assert run(code, OMP_NUM_THREADS="3").stdout.strip() == "3"
    assert run(code, OMP_NUM_THREADS="5,2").stdout.strip() == "5"
    assert int(run(code, OMP_NUM_THREADS="").stdout) >= 1


@pytest.mark.exhaustive
def test_every_instruction_set():
    """The same numbers, up to rounding, from each version that this machine runs."""
    code = (
        f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "import test_native as t, losskit\n"
        "print(losskit.native.instruction_set())\n"
        "[t.test_same_as_numpy(card, d) for card in t.CARDS for d in t.DTYPES[:2]]\n"
        "[t.test_extreme_inputs(card, d) for card in t.CARDS for d in t.DTYPES[:2]]\n"
    )
    for isa in native.instruction_sets():
        done = run(code, LOSSKIT_ISA=isa)
        assert done.returncode == 0, done.stderr
        assert done.stdout.strip() == isa
    wrong = run("import losskit; losskit.huber([0.0], [1.0])", LOSSKIT_ISA="mmx")
    assert 'ValueError: LOSSKIT_ISA is "mmx", but this machine runs:' in wrong.stderr


@pytest.mark.parametrize("dense", [False, True])
@pytest.mark.parametrize("options", [{}, {"label_smoothing": 0.1}, {"z_loss": 0.1}])
def test_rows_that_begin_with_classes_ruled_out(dense, options):
    # More of them than a chunk holds: no class so far has a distance to the largest.
    z = np.random.default_rng(0).normal(size=(3, 3000)).astype(np.float32)
    z[:2, :1100] = -np.inf
    z[1, :2999] = -np.inf
    labels = np.array([2000, 2999, 5])
    kind = losskit.CategoricalCrossentropy if dense else losskit.SparseCategoricalCrossentropy
    y = np.eye(3000, dtype=np.float32)[labels] if dense else labels
    loss = kind(from_logits=True, reduction="none", **options)
    with native.switched(False):
        want = loss.value_and_gradient(y, z)
    got = loss.value_and_gradient(y, z)
    np.testing.assert_allclose(got[0], want[0], rtol=1e-5)
    np.testing.assert_allclose(got[1], want[1], rtol=1e-5, atol=1e-9)
    np.testing.assert_allclose(
        losskit.log_softmax(z)[0, 1100:],
        z[0, 1100:] - np.log(np.exp(z[0, 1100:].astype(np.float64)).sum()),
        rtol=1e-5,
    )
    ruled_out = np.full((1, 3000), -np.inf, np.float32)
    assert np.isnan(losskit.SparseCategoricalCrossentropy(from_logits=True)([1], ruled_out))


def test_smoothing_of_1_forgets_the_label():
    for z in (np.zeros((2, 4), np.float32), np.zeros((2, 4), np.float32)[:, ::-1].T):
        z = z.copy()
        axis = 1 if z.shape == (2, 4) else 0
        z[(0, 2) if axis == 1 else (2, 0)] = -np.inf
        loss = losskit.SparseCategoricalCrossentropy(
            from_logits=True, label_smoothing=1.0, axis=axis, reduction="none"
        )
        got = loss([2, 1], z)
        np.testing.assert_array_equal(got, np.float32([np.inf, np.log(4)]))


def test_what_only_numpy_computes_or_refuses():
    p = np.ones((1,) * 40, np.float32)
    assert losskit.MeanSquaredError()(0 * p, p) == 1
    z = np.random.default_rng(0).normal(size=(3, 100)).astype(np.float32)
    labels = np.array([1, 2**64 - 1, 2], np.uint64)
    with pytest.raises(ValueError, match="y_true"):
        losskit.SparseCategoricalCrossentropy(from_logits=True, ignore_class=-1)(labels, z)
    with pytest.raises(TypeError, match="y_true"):
        losskit.MeanSquaredError()(np.zeros(5, "V2"), np.ones(5, np.float32))
    with pytest.raises(ValueError, match="axis"):
        losskit.SparseCategoricalCrossentropy(from_logits=True, axis=2**40)([1, 2, 3], z)
    with pytest.raises(ValueError, match="sample_weight"):
        losskit.RootMeanSquaredError()(z, z + 1, 1e39)
    hot = losskit.SparseCategoricalCrossentropy(from_logits=True, temperature=1e39)
    np.testing.assert_allclose(hot([1, 2, 3], z), np.log(100), rtol=1e-6)


OUT_OF_MEMORY = """
import resource, sys
import numpy as np
import losskit
losskit.set_num_threads(2)
axis, shape = (-1, (2, 20_000_000)) if sys.argv[1] == "rows" else (0, (3_000_000, 2))
z = np.zeros(shape, np.float32)
loss = losskit.SparseCategoricalCrossentropy(from_logits=True, axis=axis)
loss([0, 1], np.zeros((2, 2), np.float32))
losskit.mean_squared_error(np.zeros(1 << 20), np.zeros(1 << 20))  # the threads are there
with open("/proc/self/statm") as f:
    pages = int(f.read().split()[0])
resource.setrlimit(resource.RLIMIT_AS, (pages * 4096 + (20 << 20),) * 2)
try:
    loss([0, 1], z)
except MemoryError:
    losskit.mean_squared_error(np.zeros(1 << 17), np.zeros(1 << 17))  # and still work
    print("MemoryError")
"""


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="needs Linux's limits")
@pytest.mark.skipif("libasan" in os.environ.get("LD_PRELOAD", ""), reason="ASan needs the room")
@pytest.mark.parametrize("way", ["rows", "columns"])
def test_out_of_memory_is_an_error(way):
    command = [sys.executable, "-c", OUT_OF_MEMORY, way]
    run = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert run.stdout == "MemoryError\n", run.stderr[-2000:]
