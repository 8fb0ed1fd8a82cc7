"""Losses of all pairs of large sets, beside the products of matrices that they are made of.

    python -m benchmarks.pairs                        # InfoNCE, NT-Xent and Circle, 8,192 pairs
    python -m benchmarks.pairs --pairs 32768 --only 'torch/*'

Value and gradients by both sets take three products of matrices, n x n x d each; the ratio is the
time of the loss by that of the products in the same library, in turns. Of one set with itself it
takes the same three; one that is symmetric takes them twice. Each runs in a process of its own,
which says by how much its memory rose above what it took before the call.
"""

from __future__ import annotations

import argparse
import fnmatch
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

FACES = ("numpy", "torch", "jax")
LOSSES: dict[str, dict[str, Any]] = {
    "info_nce": {},
    "info_nce-symmetric": {"symmetric": True},
    "nt_xent": {},
    "circle": {"normalize": True},
}


def main(args: list[str] | None = None) -> None:
    """Run it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pairs", description=__doc__)
    parser.add_argument("--pairs", type=int, default=8192, help="vectors of a set")
    parser.add_argument("--width", type=int, default=512, help="entries of a vector")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="*", help="face/loss, with *")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    given = parser.parse_args(args)
    if given.one:
        print(json.dumps(measured(given.one, given.pairs, given.width, given.rounds)))
        return
    print(f"{'':28}{'loss':>9}{'products':>10}{'ratio':>7}{'memory':>10}")
    for name in (f"{face}/{loss}" for face in FACES for loss in LOSSES):
        if not fnmatch.fnmatch(name, given.only):
            continue
        command = [sys.executable, "-m", "benchmarks.pairs", "--one", name]
        for option in ("pairs", "width", "rounds"):
            command += [f"--{option}", str(getattr(given, option))]
        run = subprocess.run(command, capture_output=True, text=True, check=False)
        if run.returncode:
            print(f"{name:28}failed: {run.stderr.strip().splitlines()[-1]}")
            continue
        loss, products, ratio, memory = json.loads(run.stdout.splitlines()[-1])
        print(f"{name:28}{loss:7.2f} s{products:8.2f} s{ratio:7.2f}{memory:7.0f} MB")


def measured(name: str, n: int, d: int, rounds: int) -> tuple[float, float, float, float]:
    """Seconds of the loss and of the products, their ratio, and megabytes beside the arrays."""
    face, loss = name.split("/")
    rng = np.random.default_rng(0)
    sets = [rng.normal(size=(n, d)).astype("f4") for _ in range(2)]
    names = np.arange(n) // 2
    step = made(face, loss, sets, names)
    made(face, loss, [x[:64] for x in sets], names[:64])()  # what is loaded or kept once
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    step()
    memory = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 / 1e6
    alone = products(face, sets)
    times: list[list[float]] = [[], []]
    alone()
    for _ in range(rounds):
        for run, into in zip((step, alone), times, strict=True):
            start = time.perf_counter()
            run()
            into.append(time.perf_counter() - start)
    ratio = statistics.median(a / b for a, b in zip(*times, strict=True))
    return min(times[0]), min(times[1]), ratio, memory


def made(face: str, loss: str, sets: list[Any], names: Any) -> Callable[[], Any]:
    """The value and all gradients of a loss."""
    kind, options = loss.partition("-")[0], LOSSES[loss]
    arrays = sets if kind == "info_nce" else [names, sets[0]]
    if face == "numpy":
        import losskit

        return lambda: losskit.get(kind, **options).value_and_gradient(*arrays)
    if face == "torch":
        import torch

        import losskit.torch as lt

        own = [torch.from_numpy(x) for x in arrays]
        own = own if kind == "info_nce" else own[::-1]
        by = [x.requires_grad_() for x in own if x.is_floating_point()]
        return lambda: torch.autograd.grad(getattr(lt, kind)(*own, **options), by)
    import jax

    import losskit.jax as lj

    given = [jax.numpy.asarray(x) for x in (arrays if kind == "info_nce" else arrays[::-1])]
    which = (0, 1) if kind == "info_nce" else 0
    both = jax.jit(
        jax.value_and_grad(lambda *xs: getattr(lj, kind)(*xs, **options).mean(), argnums=which)
    )
    return lambda: jax.block_until_ready(both(*given))


def products(face: str, sets: list[Any], most: int = 2048) -> Callable[[], Any]:
    """The three products alone, some rows at a time."""
    if face == "jax":
        import jax

        def of_all(x: Any, y: Any) -> Any:
            def of_part(found: Any, part: Any) -> Any:
                s = part @ y.T
                return found + s.T @ part, s @ y

            parts = x.reshape((-1, min(most, len(x)), x.shape[1]))
            return jax.lax.scan(of_part, 0.0 * y, parts)

        jitted, given = jax.jit(of_all), [jax.numpy.asarray(x) for x in sets]
        return lambda: jax.block_until_ready(jitted(*given))
    if face == "torch":
        import torch

        sets = [torch.from_numpy(x) for x in sets]
    x, y = sets

    def run() -> None:
        for at in range(0, len(x), most):
            s = x[at : at + most] @ y.T
            s @ y
            s.T @ x[at : at + most]

    return run


if __name__ == "__main__":
    main()
