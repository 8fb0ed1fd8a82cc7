"""The table in the README: ``python -m benchmarks.digits_claim --file mnist.npz``.

The textbook digit classifier on MNIST, with pixels of 0 to 255 as they come, once with Keras's loss
and once with losskit's: the same initial weights, the same batches, on each Keras backend.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from benchmarks import results
from benchmarks.backends import BACKENDS, chosen, results_of, tell

app = typer.Typer(add_completion=False, pretty_exceptions_show_locals=False)

OWN_SOFTMAX = "losskit, own softmax"
COLUMNS = {
    "keras": "`keras.losses`",
    "losskit": "`losskit.keras`",
    OWN_SOFTMAX: "`losskit.keras`, `activation=losskit.keras.softmax`",
}


@app.callback(invoke_without_command=True)
def measure(
    context: typer.Context,
    file: Annotated[
        Path | None,
        typer.Option(
            envvar="LOSSKIT_MNIST",
            exists=True,
            dir_okay=False,
            help="An npz file with x_train, y_train, x_test, y_test; by default Keras's download.",
        ),
    ] = None,
    backend: Annotated[str, typer.Option(help="Of tensorflow, jax, torch.")] = ",".join(BACKENDS),
    seeds: Annotated[str, typer.Option(help="Of weights and batches.")] = "1,2,3,4,5",
    epochs: Annotated[int, typer.Option(min=1, help="Times to go through the data.")] = 10,
    out: Annotated[Path, typer.Option(help="Written as it goes; what it holds is kept.")] = Path(
        "benchmark-results/digits-claim.json"
    ),
) -> None:
    """Train with each loss on each backend, and print the table of validation accuracies."""
    if context.invoked_subcommand is not None:
        return
    try:
        backends, numbers = chosen(backend), [int(seed) for seed in seeds.split(",")]
    except ValueError as error:
        print(f"Error: {error}", file=sys.stderr)
        raise typer.Exit(2) from None
    found = results.read(out) if out.exists() else {"format": results.FORMAT, "trainings": []}
    known = {(t["backend"], t["column"], t["seed"], t["epochs"]) for t in found["trainings"]}
    for name in backends:
        wanted = [
            {"column": column, "seed": seed, "epochs": epochs}
            for seed in numbers
            for column in COLUMNS
            # Elsewhere Keras's own softmax keeps the logits as well.
            if (name == "jax" or column != OWN_SOFTMAX)
            and (name, column, seed, epochs) not in known
        ]
        orders = {"file": str(file) if file else None, "trainings": wanted}
        for answer in results_of("benchmarks.digits_claim", name, orders) if wanted else ():
            found["trainings"].append(answer)
            results.write(found, out)
            print(f"{name}, {answer['column']}, seed {answer['seed']}: {answer['accuracy']:.4f}",
                  file=sys.stderr)  # fmt: skip
    print(table([t for t in found["trainings"] if t["epochs"] == epochs and t["seed"] in numbers]))


def table(trainings: list[dict[str, Any]]) -> str:
    """Mean accuracy and range over the seeds, as Markdown."""
    lines = [f"| Keras backend | {' | '.join(COLUMNS.values())} |", "|---" * 4 + "|"]
    for backend, proper in BACKENDS.items():
        cells = []
        for column in COLUMNS:
            a = [
                t["accuracy"] for t in trainings
                if t["backend"] == backend and t["column"] == column
            ]  # fmt: skip
            cells.append(f"{sum(a) / len(a):.3f} ({min(a):.3f} to {max(a):.3f})" if a else "")
        if any(cells):
            lines.append(f"| {proper} | {' | '.join(cells)} |")
    return "\n".join(lines)


@app.command(hidden=True)
def worker() -> None:
    """Train what standard input says, and tell the accuracies."""
    orders = json.load(sys.stdin)
    import keras
    import numpy as np

    import losskit.keras

    if orders["file"]:
        with np.load(orders["file"]) as arrays:
            x, y, x_test, y_test = (
                arrays[name] for name in ("x_train", "y_train", "x_test", "y_test")
            )
    else:
        (x, y), (x_test, y_test) = keras.datasets.mnist.load_data()
    for order in orders["trainings"]:
        own = order["column"] == OWN_SOFTMAX
        losses = keras.losses if order["column"] == "keras" else losskit.keras
        keras.utils.set_random_seed(order["seed"])
        model = keras.Sequential([
            keras.Input((28, 28)),
            keras.layers.Flatten(),
            keras.layers.Dense(84, activation="relu"),
            keras.layers.Dense(10, activation=losskit.keras.softmax if own else "softmax"),
        ])  # fmt: skip
        model.compile("adam", loss=losses.SparseCategoricalCrossentropy(), metrics=["accuracy"])
        history = model.fit(
            x, y, batch_size=256, epochs=order["epochs"], verbose=0,
            validation_data=(x_test, y_test),
        ).history  # fmt: skip
        tell({
            "backend": keras.backend.backend(),
                "keras": keras.__version__, **order,
            "accuracy": history["val_accuracy"][-1], "history": history,
        })  # fmt: skip


if __name__ == "__main__":
    app(prog_name="python -m benchmarks.digits_claim")
