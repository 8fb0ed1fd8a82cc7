"""Loss and gradient in Keras: ``python -m benchmarks.keras_steps``.

Every loss that `losskit.keras` and `keras.losses` share, small to large, with and without weights,
on each Keras backend: the loss of a batch with its gradient by the predictions, compiled as `fit`
does it (TensorFlow and JAX; PyTorch runs eagerly). Predictions are arrays, no layer's output: where
logits are kept behind a softmax or sigmoid, the row with ``from_logits=True`` holds.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from benchmarks import results
from benchmarks.backends import BACKENDS, chosen, results_of, tell

app = typer.Typer(add_completion=False, pretty_exceptions_show_locals=False)

SHAPES = [(32, 10), (1000, 10), (100_000, 10), (4096, 1000), (1_000_000, 1)]
LOGITS = {"from_logits": True}
LOSSES: list[tuple[str, dict[str, Any], str]] = [
    ("MeanSquaredError", {}, "numbers"),
    ("MeanAbsoluteError", {}, "numbers"),
    ("MeanAbsolutePercentageError", {}, "numbers"),
    ("MeanSquaredLogarithmicError", {}, "rates"),
    ("Huber", {}, "numbers"),
    ("LogCosh", {}, "numbers"),
    ("Poisson", {}, "rates"),
    ("CosineSimilarity", {}, "rows"),
    ("Hinge", {}, "signs"),
    ("SquaredHinge", {}, "signs"),
    ("BinaryCrossentropy", {}, "chances"),
    ("BinaryCrossentropy", LOGITS, "truths"),
    ("BinaryFocalCrossentropy", {}, "chances"),
    ("BinaryFocalCrossentropy", LOGITS, "truths"),
    ("CategoricalCrossentropy", {}, "one-hot"),
    ("CategoricalCrossentropy", LOGITS, "one-hot logits"),
    ("SparseCategoricalCrossentropy", {}, "labels"),
    ("SparseCategoricalCrossentropy", LOGITS, "labels of logits"),
    ("CategoricalHinge", {}, "one-hot"),
    ("KLDivergence", {}, "one-hot"),
]


def arrays(kind: str, shape: tuple[int, int]) -> tuple[Any, Any]:
    """Targets and predictions in float32; labels as int32."""
    rng = np.random.default_rng(0)
    z, other = rng.standard_normal((2, *shape), np.float32)
    labels = rng.integers(0, shape[1], shape[0]).astype(np.int32)
    softmax = np.exp(z) / np.exp(z).sum(1, keepdims=True)
    if "labels" in kind or "one-hot" in kind:
        y = labels if "labels" in kind else np.eye(shape[1], dtype=np.float32)[labels]
        return y, z if "logits" in kind else softmax
    truths = (other > 0).astype(np.float32)
    return {
        "numbers": (other, z),
        "rows": (other, z),
        "rates": (np.abs(other), np.abs(z) + np.float32(0.1)),
        "signs": (2 * truths - 1, z),
        "chances": (truths, 1 / (1 + np.exp(-z))),
        "truths": (truths, z),
    }[kind]


def step(loss: Any, y: Any, p: Any, weight: Any) -> Callable[[], Any]:
    """A call that waits for the value and the gradient."""
    import keras

    backend = keras.backend.backend()
    if backend == "torch":
        import torch

        targets, weights = torch.tensor(y), None if weight is None else torch.tensor(weight)
        predictions = torch.tensor(p, requires_grad=True)

        def eager() -> Any:
            value = loss(targets, predictions, weights)
            return value, torch.autograd.grad(value, predictions)

        return eager
    if backend == "jax":
        import jax

        made = jax.jit(jax.value_and_grad(lambda p, y, w: loss(y, p, w)))
        given = [None if x is None else jax.numpy.asarray(x) for x in (p, y, weight)]
        return lambda: jax.block_until_ready(made(*given))
    import tensorflow as tf

    @tf.function(jit_compile=True)
    def both(y: Any, p: Any, w: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(p)
            value = loss(y, p, w)
        return value, tape.gradient(value, p)

    tensors = [None if x is None else tf.constant(x) for x in (y, p, weight)]
    return lambda: [x.numpy() for x in both(*tensors)]


def seconds(call: Callable[[], Any], least: float) -> float:
    """Of one call, by the median of those that fit into the time."""
    times: list[float] = []
    while sum(times) < least or len(times) < 3:
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


@app.callback(invoke_without_command=True)
def measure(
    context: typer.Context,
    backend: Annotated[str, typer.Option(help="Of tensorflow, jax, torch.")] = ",".join(BACKENDS),
    loss: Annotated[str, typer.Option(help="Class names of losses, a,b; by default all.")] = "",
    rounds: Annotated[int, typer.Option(min=1, help="Turns of each library.")] = 3,
    quick: Annotated[bool, typer.Option(help="The smallest only: does it run?")] = False,
    out: Annotated[Path, typer.Option(help="Written as it goes.")] = Path(
        "benchmark-results/keras-steps.json"
    ),
) -> None:
    """Time both libraries turn by turn, and print how many times as long Keras's losses take."""
    if context.invoked_subcommand is not None:
        return
    try:
        backends = chosen(backend)
        names = [name for name in loss.replace(" ", "").split(",") if name]
        for name in names:
            if name not in {known for known, *_ in LOSSES}:
                raise ValueError(f"--loss: {name!r} is none of those that both libraries have.")
    except ValueError as error:
        print(f"Error: {error}", file=sys.stderr)
        raise typer.Exit(2) from None
    found: dict[str, Any] = {"format": results.FORMAT, "steps": []}
    orders = {"losses": names, "rounds": rounds, "shapes": SHAPES[:1] if quick else SHAPES}
    for name in backends:
        for answer in results_of("benchmarks.keras_steps", name, orders):
            found["steps"].append({"backend": name, **answer})
            results.write(found, out)
            print(f"{name}, {answer['case']}", file=sys.stderr)
    for name in backends:
        own = [s for s in found["steps"] if s["backend"] == name]
        print(f"\n### {BACKENDS[name]}\n\n{table(own)}")


def table(steps: list[dict[str, Any]]) -> str:
    """Keras's time by losskit's, as Markdown: a row a loss, a column a shape and weights or not."""
    columns = list(dict.fromkeys(s["column"] for s in steps))
    ratios = {(s["case"], s["column"]): s["keras"] / s["losskit"] for s in steps}
    lines = [f"| | {' | '.join(columns)} |", "|---" * (len(columns) + 1) + "|"]
    for case in dict.fromkeys(s["case"] for s in steps):
        cells = [f"{ratios[case, c]:.2f}" if (case, c) in ratios else "" for c in columns]
        lines.append(f"| `{case}` | {' | '.join(cells)} |")
    slower = sum(ratio < 1.0 for ratio in ratios.values())
    return "\n".join([*lines, "", f"Slower than Keras's in {slower} of {len(ratios)}."])


@app.command(hidden=True)
def worker() -> None:
    """Time what standard input says, and tell the medians in seconds."""
    orders = json.load(sys.stdin)
    import keras

    import losskit.keras

    for case, options, kind, shape, weighted in wanted(orders):
        y, p = arrays(kind, shape)
        weight = np.linspace(0.5, 2.0, shape[0], dtype=np.float32) if weighted else None
        calls = {
            name: step(getattr(of, case)(**options), y, p, weight)
            for name, of in (("losskit", losskit.keras), ("keras", keras.losses))
        }
        for call in calls.values():  # compiled, and warm
            seconds(call, 0.02)
        times: dict[str, list[float]] = {name: [] for name in calls}
        for _ in range(orders["rounds"]):
            for name, call in calls.items():
                times[name].append(seconds(call, 0.05))
        shown = ", ".join(f"{k}={v}" for k, v in options.items())
        column = "x".join(map(str, shape)) + (", weighted" if weighted else "")
        medians = {name: statistics.median(each) for name, each in times.items()}
        tell({"case": f"{case}({shown})", "column": column, **medians})


def wanted(orders: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], str, Any, bool]]:
    for case, options, kind in LOSSES:
        if orders["losses"] and case not in orders["losses"]:
            continue
        for shape in map(tuple, orders["shapes"]):
            if shape[1] > 1 or kind in ("numbers", "rates", "signs", "chances", "truths"):
                yield from ((case, options, kind, shape, weighted) for weighted in (False, True))


if __name__ == "__main__":
    app(prog_name="python -m benchmarks.keras_steps")
