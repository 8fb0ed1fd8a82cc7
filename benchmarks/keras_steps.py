"""A step of training in Keras: ``python -m benchmarks.keras_steps``.

Every loss that `losskit.keras` and `keras.losses` share, small to large, with and without weights,
on each Keras backend: `model.train_on_batch` of a model that is one small layer. What the step
takes without a loss is measured beside it; a second table says how the losses' own shares compare.
``--how`` asks for other steps: compiled by XLA, eager, in half precision. Predictions are no output
of a softmax or sigmoid: where a loss keeps the logits behind one, the row with ``from_logits=True``
holds.
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

SHAPES = [(64, 50), (256, 10), (4096, 1), (4096, 1000)]
HOWS = ("usual", "jit_compile", "run_eagerly", "mixed_bfloat16", "mixed_float16")
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
    ("CategoricalFocalCrossentropy", {}, "one-hot"),
    ("CategoricalFocalCrossentropy", LOGITS, "one-hot logits"),
    ("CategoricalGeneralizedCrossEntropy", {}, "labels"),
    ("CategoricalHinge", {}, "one-hot"),
    ("KLDivergence", {}, "one-hot"),
    ("Dice", {}, "chances"),
    ("Tversky", {}, "chances"),
    ("Circle", {}, "vectors"),
    ("CTC", {}, "frames"),
]
OF_ELEMENTS = ("numbers", "rates", "signs", "chances", "truths")
MOST_PAIRS, FRAMES, FEATURES = 256, 20, 8


def arrays(kind: str, shape: tuple[int, int]) -> tuple[Any, Any]:
    """Targets and predictions in float32; labels as int32."""
    rng = np.random.default_rng(0)
    if kind == "vectors":  # all pairs of them are compared
        shape = (min(shape[0], MOST_PAIRS), shape[1])
        z = rng.standard_normal(shape, np.float32)
        z /= np.linalg.norm(z, axis=1, keepdims=True) + np.float32(1e-6)
        return rng.integers(0, 10, shape[0]).astype(np.int32), z
    if kind == "frames":
        rows = max(1, min(shape[0], 2**18 // (FRAMES * shape[1])))
        z = rng.standard_normal((rows, FRAMES, shape[1]), np.float32)
        return rng.integers(1, shape[1], (rows, 5)).astype(np.int32), z
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


def step(loss: Any, y: Any, p: Any, weight: Any, how: str = "usual") -> Callable[[], Any]:
    """A call that trains on the batch and waits for it.

    The last layer takes `FEATURES` numbers, and mixes as many rows of predictions: a mean of rows
    lies where they do.
    """
    import keras

    rng, rows = np.random.default_rng(1), p.reshape(-1, p.shape[-1])
    x = np.zeros((*p.shape[:-1], FEATURES), np.float32)
    x[...] = np.eye(FEATURES)[rng.integers(0, FEATURES, p.shape[:-1])]
    kernel = rows[rng.integers(0, len(rows), FEATURES)]
    layer = keras.layers.Dense(p.shape[-1], use_bias=False, dtype=_policy(how))
    model = keras.Sequential([keras.Input(x.shape[1:]), layer])
    layer.set_weights([kernel])
    options = {how: True} if how in ("jit_compile", "run_eagerly") else {}
    # A rate of 0: the predictions stay what they are.
    model.compile(keras.optimizers.SGD(0.0), loss, **options)
    given = [None if x is None else keras.ops.convert_to_tensor(x) for x in (x, y, weight)]
    return lambda: model.train_on_batch(*given)


def _policy(how: str) -> str:
    return how if how.startswith("mixed") else "float32"


def first(y_true: Any, y_pred: Any) -> Any:
    """A loss next to nothing, by which the rest of the step is measured."""
    return y_pred[(slice(None), *[0] * (len(y_pred.shape) - 1))]


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
    shape: Annotated[str, typer.Option(help="Of outputs, 4096x1000,64x50; by default all.")] = "",
    how: Annotated[str, typer.Option(help=f"Steps: of {', '.join(HOWS)}.")] = "usual",
    weights: Annotated[bool, typer.Option(help="With sample weights too.")] = True,
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
        shapes = [tuple(map(int, text.split("x"))) for text in shape.split(",") if text] or SHAPES
        hows = how.split(",")
        for name in hows:
            if name not in HOWS:
                raise ValueError(f"--how: must be of {', '.join(HOWS)}, got {name!r}.")
    except ValueError as error:
        print(f"Error: {error}", file=sys.stderr)
        raise typer.Exit(2) from None
    found: dict[str, Any] = {"format": results.FORMAT, "steps": []}
    orders = {
        "losses": names,
        "rounds": rounds,
        "shapes": SHAPES[:1] if quick else shapes,
        "hows": hows,
        "weights": (False, True) if weights else (False,),
    }
    for name in backends:
        for answer in results_of("benchmarks.keras_steps", name, orders):
            found["steps"].append({"backend": name, **answer})
            results.write(found, out)
            print(f"{name}, {answer['case']}", file=sys.stderr)
    for name in backends:
        own = [s for s in found["steps"] if s["backend"] == name]
        print(f"\n### {BACKENDS[name]}: of the step\n\n{table(own)}")
        print(f"\n### {BACKENDS[name]}: of the loss's own share\n\n{table(own, share=True)}")


def table(steps: list[dict[str, Any]], share: bool = False) -> str:
    """Keras's time by losskit's, as Markdown: a row a loss, a column a shape and weights or not.

    Args:
        steps: the medians.
        share: whether what the step takes without a loss is taken off both.
    """
    columns = list(dict.fromkeys(s["column"] for s in steps))
    ratios = {(s["case"], s["column"]): _ratio(s, share) for s in steps}
    lines = [f"| | {' | '.join(columns)} |", "|---" * (len(columns) + 1) + "|"]
    for case in dict.fromkeys(s["case"] for s in steps):
        cells = [f"{ratios[case, c]:.2f}" if (case, c) in ratios else "" for c in columns]
        lines.append(f"| `{case}` | {' | '.join(cells)} |")
    slower = sum(ratio < 1.0 for ratio in ratios.values())
    return "\n".join([*lines, "", f"Slower than Keras's in {slower} of {len(ratios)}."])


def _ratio(step: dict[str, Any], share: bool) -> float:
    # What is less than 2 % of the step is not told from nothing.
    least, rest = 0.02 * step["rest"], step["rest"] if share else 0.0
    return max(float(step["keras"] - rest), least) / max(float(step["losskit"] - rest), least)


@app.command(hidden=True)
def worker() -> None:
    """Time what standard input says, and tell the medians in seconds."""
    orders = json.load(sys.stdin)
    import keras

    import losskit.keras

    for case, options, kind, shape, weighted, how in wanted(orders):
        y, p = arrays(kind, shape)
        weight = np.linspace(0.5, 2.0, len(p), dtype=np.float32) if weighted else None
        calls = {
            name: step(getattr(of, case)(**options), y, p, weight, how)
            for name, of in (("losskit", losskit.keras), ("keras", keras.losses))
        }
        calls["rest"] = step(first, y, p, weight, how)
        shown = ", ".join(f"{k}={v}" for k, v in options.items())
        column = "x".join(map(str, shape)) + (", weighted" if weighted else "")
        column += "" if how == "usual" else f", {how}"
        about = {"case": f"{case}({shown})", "column": column}
        try:
            for call in calls.values():  # compiled, and warm
                seconds(call, 0.02)
        except Exception as error:
            print(f"{about}: {type(error).__name__}: {str(error)[:300]}", file=sys.stderr)
            continue
        times: dict[str, list[float]] = {name: [] for name in calls}
        for _ in range(orders["rounds"]):
            for name, call in calls.items():
                times[name].append(seconds(call, 0.05))
        tell(about | {name: statistics.median(each) for name, each in times.items()})


def wanted(orders: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], str, Any, bool, str]]:
    for case, options, kind in LOSSES:
        if orders["losses"] and case not in orders["losses"]:
            continue
        for shape in map(tuple, orders["shapes"]):
            if shape[1] == 1 and kind not in OF_ELEMENTS:
                continue
            for how in orders["hows"]:
                for weighted in orders["weights"]:
                    if not weighted or case not in ("Dice", "Tversky"):  # one value for the batch
                        yield case, options, kind, shape, weighted, how


if __name__ == "__main__":
    app(prog_name="python -m benchmarks.keras_steps")
