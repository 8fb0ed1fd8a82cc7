"""Training health: ``python -m benchmarks.health``.

Whether networks train with losskit's losses as well as with Keras's. Small networks on
scikit-learn's digits, breast cancer and diabetes data, with every pair of output activation and
loss that Keras takes (sensible or not), inputs that are too small, right and too large, Adam and
SGD, several seeds, on each Keras backend: once with `keras.losses`, once with `losskit.keras`, from
the same initial weights and on the same batches. Two things are looked for: weights that are not
finite where Keras's are, and held-out data predicted worse, beyond noise.
"""

from __future__ import annotations

import json
import math
import sys
import time
from collections import defaultdict
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from benchmarks import results
from benchmarks.backends import BACKENDS, chosen, results_of, tell

app = typer.Typer(add_completion=False, pretty_exceptions_show_locals=False)

ACTIVATIONS = ["softmax", "sigmoid", "linear", "relu", "tanh", "softplus", "exponential"]
OWN = {"losskit softmax": "softmax", "losskit sigmoid": "sigmoid"}
"""losskit's own activations, and Keras's beside which they stand."""
LOGITS = "(from_logits=True)"
REGRESSION = [
    "MeanSquaredError", "MeanAbsoluteError", "Huber", "LogCosh", "MeanAbsolutePercentageError",
    "MeanSquaredLogarithmicError", "Poisson",
]  # fmt: skip
BINARY = [
    "BinaryCrossentropy", f"BinaryCrossentropy{LOGITS}", "BinaryFocalCrossentropy",
    f"BinaryFocalCrossentropy{LOGITS}", "Hinge", "SquaredHinge",
]  # fmt: skip
CATEGORICAL = [
    "CategoricalCrossentropy", f"CategoricalCrossentropy{LOGITS}", "SparseCategoricalCrossentropy",
    f"SparseCategoricalCrossentropy{LOGITS}", "KLDivergence", "CategoricalHinge",
]  # fmt: skip
LOSSES = {
    "digits": [*CATEGORICAL, *BINARY, *REGRESSION, "CosineSimilarity"],
    "breast cancer": [*BINARY, "MeanSquaredError"],
    "diabetes": REGRESSION,
}
OPTIMIZERS = ["adam", "sgd"]
SCALES = [1 / 16, 1.0, 16.0]

MARGIN = 0.02
"""A score that is lower by less than this is not called worse: 2 points of accuracy, or 2 % of the
median's mean absolute error."""
ERRORS = 4.0
"""Nor one that is lower by fewer standard errors of the mean over the seeds."""
POOLED_ERRORS = 3.0
"""Nor, where all scales of the inputs are taken together, by fewer than this."""


# --- the command ----------------------------------------------------------------------------------


@app.callback(invoke_without_command=True)
def measure(
    context: typer.Context,
    backend: Annotated[str, typer.Option(help="Of tensorflow, jax, torch.")] = ",".join(BACKENDS),
    loss: Annotated[
        str | None, typer.Option(help="Class names of losses, a,b; by default all.")
    ] = None,
    data: Annotated[str, typer.Option(help="Of digits, breast cancer, diabetes.")] = ",".join(
        LOSSES
    ),
    seeds: Annotated[int, typer.Option(min=2, help="Networks of each kind.")] = 4,
    quick: Annotated[
        bool, typer.Option("--quick", help="A few steps of each: does it run?")
    ] = False,
    again: Annotated[bool, typer.Option("--again", help="Train again what is there.")] = False,
    out: Annotated[
        Path,
        typer.Option(help="Written as it goes; what it holds already is not trained again."),
    ] = Path("benchmark-results/health.json"),
) -> None:
    """Train all pairs, and print what is worse than with Keras's losses.

    Exit code 1: a pair is worse, or not finite, and is not one of those that are named.
    """
    if context.invoked_subcommand is not None:
        return
    try:
        backends, wanted = chosen(backend), _wanted(data, loss)
    except ValueError as error:
        print(f"Error: {error}", file=sys.stderr)
        raise typer.Exit(2) from None
    settings = {"scales": SCALES, "seeds": seeds, "quick": quick}
    found = {"format": results.FORMAT, "settings": settings, "jobs": []}
    if out.exists():
        found = results.read(out)
        if found["settings"] != settings:
            print(f"Error: {out} has other settings ({found['settings']}): name another --out.",
                  file=sys.stderr)  # fmt: skip
            raise typer.Exit(2)
    done = {tuple(job[key] for key in KEY) for job in found["jobs"]}
    for name in backends:
        jobs = [
            {"data": data, "loss": loss, "optimizer": optimizer}
            for data, loss in wanted
            for optimizer in OPTIMIZERS
            if again or (name, data, loss, optimizer) not in done
        ]
        orders = {"settings": settings, "jobs": jobs}
        for job in results_of("benchmarks.health", name, orders) if jobs else ():
            key = [job[k] for k in KEY]
            found["jobs"] = [j for j in found["jobs"] if [j[k] for k in KEY] != key] + [job]
            results.write(found, out)
            print(", ".join(key), f"{job['seconds']:.0f} s", file=sys.stderr)
    if not report(found):
        raise typer.Exit(1)


KEY = ("backend", "data", "loss", "optimizer")


def _wanted(data: str, loss: str | None) -> list[tuple[str, str]]:
    names = [name.strip() for name in data.split(",")]
    for name in names:
        if name not in LOSSES:
            raise ValueError(f"--data: must be of {', '.join(LOSSES)}, got {name!r}.")
    losses = [name.strip() for name in loss.split(",")] if loss else None
    for name in losses or ():
        if not any(name in of_data for of_data in LOSSES.values()):
            raise ValueError(f"--loss: must be of {', '.join(LOSSES['digits'])}, got {name!r}.")
    return [(d, name) for d in names for name in LOSSES[d] if losses is None or name in losses]


@app.command()
def table(
    path: Annotated[Path, typer.Argument(exists=True, dir_okay=False)] = Path(
        "benchmark-results/health.json"
    ),
) -> None:
    """Print the tables of earlier results."""
    if not report(results.read(path)):
        raise typer.Exit(1)


# --- training -------------------------------------------------------------------------------------


@app.command(hidden=True)
def worker() -> None:
    """Train what standard input says, and tell what became of it."""
    orders = json.load(sys.stdin)
    if "alone" in orders:
        for data, loss, activation in orders["alone"]:
            tell(_beside_alone(data, loss, activation))
        return
    for job in orders["jobs"]:
        tell(_train(job, **orders["settings"]))


def _train(job: dict[str, Any], scales: list[float], seeds: int, quick: bool) -> dict[str, Any]:
    import keras

    from benchmarks import towers

    start = time.perf_counter()
    problem, y_test = _problem(job["data"], job["loss"], quick)
    names, outputs, refused = [], [], {}
    for activation in [*ACTIVATIONS, *OWN]:
        for side in ("losskit",) if activation in OWN else ("keras", "losskit"):
            outputs.append(_output(job["loss"], side, activation, refused))
            names.append((activation, side))
    trained = towers.train(problem, outputs, job["optimizer"], scales, list(range(seeds)))
    return {
        "backend": keras.backend.backend(),
        **job,
        "networks": [
            {
                "activation": activation,
                "side": side,
                "finite": _finite(network.weights),
                "score": [_score(job["data"], job["loss"], y_test, p) for p in network.predictions],
            }
            for (activation, side), network in zip(names, trained, strict=True)
        ],
        "refused": refused,
        "seconds": time.perf_counter() - start,
    }


def _output(name: str, side: str, activation: str, refused: dict[str, str]) -> Any:
    import keras

    import losskit.keras
    from benchmarks import towers

    made = getattr(losskit.keras if side == "losskit" else keras.losses, name.removesuffix(LOGITS))(
        **({"from_logits": True} if name.endswith(LOGITS) else {})
    )
    if keras.backend.backend() == "torch":
        made = _watched(made, f"{side}, {activation}", refused)
    if activation in OWN:
        return towers.Output(getattr(losskit.keras, OWN[activation]), made)
    return towers.Output(activation, made)


def _watched(loss: Any, name: str, refused: dict[str, str]) -> Any:
    """The loss; where it raises an error, NaN for the networks that it refuses.

    On PyTorch what is out of a loss's domain is an error (with Keras's binary cross-entropy, NaN
    is), which would end all other networks too.
    """
    import keras
    from keras import ops

    class Watched(keras.losses.Loss):  # type: ignore[misc]
        lost: set[int]
        """Networks that were refused: their weights are NaN since."""

        def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
            if not self.lost:
                try:
                    return loss(y_true, y_pred, sample_weight)
                except (ValueError, RuntimeError) as error:
                    refused.setdefault(name, str(error))
            if len(y_pred.shape) == 2:  # one network alone
                return ops.sum(y_pred) * math.nan
            count = y_pred.shape[1]
            if len(self.lost) == count:
                return ops.sum(y_pred) * math.nan
            return ops.mean(ops.stack([self.of(y_true, y_pred, t) for t in range(count)]))

        def of(self, y_true: Any, y_pred: Any, t: int) -> Any:
            if t not in self.lost:
                try:
                    return loss(y_true[:, t], y_pred[:, t])
                except (ValueError, RuntimeError):
                    self.lost.add(t)
            return ops.sum(y_pred[:, t]) * math.nan

    watched = Watched()
    watched.lost = set()
    return watched


def _problem(data: str, loss: str, quick: bool) -> tuple[Any, Any]:
    """The training data as the loss wants it, and the test data's labels or quantities."""
    from sklearn import datasets

    from benchmarks import towers

    # Rows to train on, and epochs: 120 steps of 32.
    rows, epochs = {"digits": (640, 6), "breast cancer": (320, 12), "diabetes": (320, 12)}[data]
    load = {
        "digits": datasets.load_digits,
        "breast cancer": datasets.load_breast_cancer,
        "diabetes": datasets.load_diabetes,
    }
    x, y = load[data](return_X_y=True)
    order = np.random.default_rng(0).permutation(len(x))
    x, y = x[order].astype(np.float32), y[order]
    if data == "digits":
        coded = y if loss.startswith("Sparse") else np.eye(10, dtype=np.float32)[y]
    else:
        x = (x - x[:rows].mean(0)) / x[:rows].std(0)
        y = y / 100 if data == "diabetes" else y  # 0.25 to 3.46: within reach of every output
        coded = y[:, None].astype(np.float32)
    units = 10 if data == "digits" else 1
    problem = towers.Problem(x[:rows], coded[:rows], x[rows:], units, 1 if quick else epochs)
    return problem, y[rows:]


def _finite(weights: list[Any]) -> list[bool]:
    """For each network, whether all its weights are."""
    each = [np.isfinite(w).reshape(len(w), -1).all(1) for w in weights]
    return [bool(finite) for finite in np.logical_and.reduce(each)]


def _score(data: str, loss: str, y: Any, p: Any) -> float:
    """Accuracy; of quantities, by how much of the median's error theirs is smaller."""
    if data == "digits":
        guess = np.where(np.isfinite(p).all(-1), p.argmax(-1), -1)
        return float(np.mean(guess == y))
    p = p[:, 0].astype(np.float64)
    if data == "diabetes":
        error = np.mean(np.abs(p - y)) / np.mean(np.abs(np.median(y) - y))
        return float(np.clip(np.nan_to_num(1 - error, nan=-10), -10, 1))
    boundary = 0.0 if loss.endswith(LOGITS) or "Hinge" in loss else 0.5
    return float(np.mean(np.where(np.isfinite(p), p > boundary, -1) == y))


# --- alone ----------------------------------------------------------------------------------------


ALONE = [
    ("digits", "CategoricalCrossentropy", "softmax"),
    ("digits", "BinaryCrossentropy", "sigmoid"),
    ("digits", "BinaryCrossentropy", "softmax"),
    ("digits", "MeanSquaredError", "exponential"),  # NaN beside networks that train
    ("breast cancer", "Hinge", "tanh"),
    ("diabetes", "Poisson", "softplus"),
]


@app.command()
def alone(
    backend: Annotated[str, typer.Option(help="Of tensorflow, jax, torch.")] = ",".join(BACKENDS),
) -> None:
    """Hold stacked networks against the same ones, each trained by itself in plain Dense layers.

    Prints by how much weights differ after an epoch, relative to the largest: rounding.
    """
    for name in chosen(backend):
        for line in results_of("benchmarks.health", name, {"alone": ALONE}):
            print(f"{name}, {line}")


def _beside_alone(data: str, loss: str, activation: str) -> str:
    from benchmarks import towers

    problem, _ = _problem(data, loss, quick=True)
    sides = ["keras", "losskit"]
    outputs = [_output(loss, side, activation, {}) for side in sides]
    stacked = towers.train(problem, outputs, "adam", SCALES, [0, 1])
    words = []
    for side, output, network in zip(sides, outputs, stacked, strict=True):
        for index, scale in enumerate(SCALES):
            single = towers.train_alone(problem, output, "adam", scale, seed=1)
            pairs = [
                (a[2 * index + 1], b[0])
                for a, b in zip(network.weights, single.weights, strict=True)
            ]
            finite = [all(np.isfinite(w).all() for w in ws) for ws in zip(*pairs, strict=True)]
            if all(finite):
                apart = max(np.abs(a - b).max() / np.abs(b).max() for a, b in pairs)
                words.append(f"{side} times {scale:g}: {apart:.1e}")
            else:
                where = "one of them" if any(finite) else "both"
                words.append(f"{side} times {scale:g}: not finite in {where}")
    return f"{data}, {loss} on {activation}: {'; '.join(words)}"


# --- what came of it ------------------------------------------------------------------------------


NAMED = [
    (
        tuple(loss for loss in CATEGORICAL + BINARY if loss.endswith(LOGITS)),
        ("softmax", "sigmoid", *OWN),
        ("tensorflow",),
        "With from_logits=True the outputs are taken for logits, so the activation is one too many "
        "(`losskit.check` says so). Keras on TensorFlow goes back to the logits behind it, with a "
        "warning; losskit does what it is told, as Keras does on JAX and PyTorch",
    ),
    (
        ("CategoricalCrossentropy", "SparseCategoricalCrossentropy"),
        ("sigmoid", "losskit sigmoid"),
        ("tensorflow",),
        "On TensorFlow Keras takes the logits behind the output for a softmax's, and so trains "
        "another network than the one that predicts. losskit's loss is that of the outputs there "
        "are, divided by their sum, as it is with Keras's on JAX and PyTorch",
    ),
    (
        ("BinaryCrossentropy", "BinaryFocalCrossentropy"),
        ("linear", "relu", "tanh", "softplus", "exponential"),
        tuple(BACKENDS),
        "These losses take probabilities. A number outside [0, 1] is none: losskit refuses it (an "
        "error, or NaN where none can be raised). Keras clips it, and there its gradient is 0",
    ),
    (
        ("CategoricalCrossentropy", "SparseCategoricalCrossentropy", "KLDivergence", "Poisson"),
        ("linear", "tanh"),
        tuple(BACKENDS),
        "A probability or a rate below 0 is refused likewise. Keras clips the probability; for the "
        "rate its loss is NaN too, though the gradient is a number",
    ),
    (
        ("CategoricalCrossentropy", "SparseCategoricalCrossentropy", "KLDivergence"),
        ("relu", "softplus", "exponential"),
        tuple(BACKENDS),
        "A probability above 1 is refused likewise. Keras divides by the sum of the row, and clips "
        "under the divergence. Outputs of relu that stay below 1: where the true class is at 0, it "
        "has no gradient, and what is left lowers the others until all are 0; with Keras's loss "
        "such a row has no gradient at all, and the others train",
    ),
    (
        ("BinaryFocalCrossentropy(from_logits=True)",),
        ("exponential",),
        ("jax", "torch"),
        "From a logit of 17 on Keras's gradient is 0 for a confident mistake (not on TensorFlow), "
        "losskit's is 1. An exponential output multiplies it by itself, and some trainings run "
        "away: the same ones as with the plain binary cross-entropy, Keras's own too",
    ),
    (
        ("MeanSquaredLogarithmicError",),
        ("linear", "tanh"),
        tuple(BACKENDS),
        "Predictions below 0 have a gradient, with Keras's loss none. Adam remembers these large "
        "ones, and is slower for some hundred steps; after 1,200 steps both are where they should "
        "be",
    ),
]
"""Losses, activations and backends that are meant to train otherwise than with Keras's losses, and
why."""


def reason(loss: str, activation: str, backend: str) -> str | None:
    """Why this pair is meant to train otherwise than Keras's; None where it is not."""
    for losses, activations, backends, why in NAMED:
        if loss in losses and activation in activations and backend in backends:
            return why
    return None


def report(found: dict[str, Any]) -> bool:
    """Print the tables. Returns whether nothing is worse but for the pairs that are named."""
    every = len(OPTIMIZERS) * sum(map(len, LOSSES.values()))
    for backend, proper in BACKENDS.items():
        count = sum(job["backend"] == backend for job in found["jobs"])
        print(f"* {proper}: {count} of {every} models trained.")
    print()
    pairs, details = compare(found)
    columns = [*ACTIVATIONS, *OWN]
    print(f"| | {' | '.join(columns)} |\n|{'---|' * (len(columns) + 1)}")
    for loss in LOSSES["digits"]:
        if any((loss, activation) in pairs for activation in columns):
            cells = [_cell(pairs.get((loss, activation))) for activation in columns]
            print(f"| `{loss}` | {' | '.join(cells)} |")
    print()
    for losses, activations, _, why in NAMED:
        if any(reason(*key) == why for key in details):
            print(f"* {_listed(losses)} on {', '.join(activations)}. {why}.")
    unnamed = [key for key in details if reason(*key) is None]
    for key in unnamed:
        print("\n`{}` on {} ({}), not expected:\n".format(*key))
        print("\n".join(f"* {line}" for line in details[key]))
    return not unnamed


def _listed(losses: tuple[str, ...]) -> str:
    return ", ".join(f"`{loss}`" for loss in losses)


def _cell(pair: dict[str, int] | None) -> str:
    if pair is None:
        return ""
    signs = {"better": "+", "rescued": "r", "worse": "-", "not finite": "!"}
    words = [f"{sign}{pair[word]}" for word, sign in signs.items() if pair[word]]
    return " ".join(words) or "="


Pair = tuple[str, str]
"""Loss and activation."""
Place = tuple[str, str, str]
"""Loss, activation and backend."""


def compare(found: dict[str, Any]) -> tuple[dict[Pair, dict[str, int]], dict[Place, list[str]]]:
    """For each pair, how many settings (backend, data, optimizer, scale) are better and worse than
    with Keras's loss, and how many networks only one side kept finite; and where those are that are
    worse."""
    scales, seeds = found["settings"]["scales"], found["settings"]["seeds"]
    pairs: dict[Pair, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    details: dict[Place, list[str]] = defaultdict(list)
    for job in found["jobs"]:
        peers = {n["activation"]: n for n in job["networks"] if n["side"] == "keras"}
        for ours in job["networks"]:
            if ours["side"] == "keras":
                continue
            key = job["loss"], ours["activation"]
            theirs, pair = peers[OWN.get(key[1], key[1])], pairs[key]
            lines = details[(*key, job["backend"])]
            for index, scale in enumerate(scales):
                part = slice(index * seeds, (index + 1) * seeds)
                place = f"{job['data']}, {job['optimizer']}, inputs times {scale:g}"
                a, b = (np.array(n["finite"][part]) for n in (ours, theirs))
                lost = int(np.sum(b & ~a))
                pair["not finite"] += lost
                pair["rescued"] += int(np.sum(a & ~b))
                if lost:
                    lines.append(f"{place}: not finite, {lost} of {seeds}")
                _judge(place, ours, theirs, part, ERRORS, pair, lines)
            if len(scales) > 1:
                # A few networks that collapse look like noise among four: not among twelve.
                place = f"{job['data']}, {job['optimizer']}, all inputs"
                _judge(place, ours, theirs, slice(None), POOLED_ERRORS, pair, lines)
    return pairs, {key: lines for key, lines in details.items() if lines}


def _judge(
    place: str, ours: Any, theirs: Any, part: slice, errors: float, pair: Any, lines: list[str]
) -> None:
    """Count this setting as better or worse, where it is beyond noise."""
    both = np.array(ours["finite"][part]) & np.array(theirs["finite"][part])
    own, other = (np.array(n["score"][part])[both] for n in (ours, theirs))
    if len(own) < 2:
        return
    gain = own - other
    error = np.std(gain, ddof=1) / math.sqrt(len(gain))
    if abs(gain.mean()) > max(MARGIN, errors * error):
        word = "better" if gain.mean() > 0 else "worse"
        pair[word] += 1
        if word == "worse":
            lines.append(f"{place}: {own.mean():.3f} for {other.mean():.3f}")


if __name__ == "__main__":
    app(prog_name="python -m benchmarks.health")
