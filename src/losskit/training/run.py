"""Training: the same network, from the same weights, on the same batches, once per loss."""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

import keras
import numpy as np

import losskit
from losskit.checks.report import Report
from losskit.checks.watch import Checker
from losskit.core.definition import Card
from losskit.training.data import Data
from losskit.training.interrupt import Interrupt
from losskit.training.model import build, encode, prepare
from losskit.training.raw import Array


@dataclass(frozen=True)
class Settings:
    """How to train, beside the loss."""

    epochs: int
    batch_size: int
    learning_rate: float
    seed: int
    hidden: int
    scale: bool


class View(Protocol):
    """Who watches: see `progress`."""

    def model(self, model: Any) -> None: ...
    def found(self, report: Report) -> None: ...
    def epoch(self, epoch: int, steps: int) -> None: ...
    def step(self, logs: dict[str, float]) -> None: ...
    def epoch_end(self, row: dict[str, float]) -> None: ...


@dataclass
class Run:
    """One loss's training, and what came of it."""

    label: str
    card: Card
    model: Any = None
    findings: list[dict[str, Any]] = field(default_factory=list)
    """What is wrong on the first batch, before anything is learned: errors and warnings."""
    history: list[dict[str, float]] = field(default_factory=list)
    """One row per epoch; the last may be part of one, as its ``batches`` tell."""
    seconds: float = 0.0
    interrupted: bool = False
    cause: str | None = None
    """Why it diverged, if it did."""
    initial_weights: str = ""
    batches: str = ""
    """Digests: equal for two runs from the same weights, on the same batches."""

    @property
    def status(self) -> str:
        if self.cause:
            return "diverged"
        return "interrupted" if self.interrupted else "finished"


class Batches(keras.utils.PyDataset):
    """Rows in a given order, a batch at a time, in the coding of the loss."""

    def __init__(self, card: Card, data: Data, x: Array, y: Array, order: Array, size: int) -> None:
        super().__init__()
        self._made_of = card, data, x, y
        self._order, self._size = order, size

    def __len__(self) -> int:
        return math.ceil(len(self._order) / self._size)

    def rows(self, i: int) -> Array:
        """Which rows the batch ``i`` holds."""
        return self._order[i * self._size : (i + 1) * self._size]

    def __getitem__(self, i: int) -> tuple[Array, Array]:
        card, data, x, y = self._made_of
        rows = self.rows(i)
        return x[rows].astype(np.float32), encode(card, data, y[rows])


def order(data: Data, settings: Settings, epoch: int) -> Array:
    """The order of the rows: of seed and epoch alone, whatever the loss and the backend."""
    return np.random.default_rng([settings.seed, epoch]).permutation(len(data.x))


def draw(shapes: list[tuple[int, ...]], seed: int) -> list[Array]:
    """Initial weights: Glorot's uniform ones as in Keras, but the same on every backend."""
    rng = np.random.default_rng(seed)

    def one(shape: tuple[int, ...]) -> Array:
        if len(shape) != 2:
            return np.zeros(shape, np.float32)
        limit = math.sqrt(6.0 / sum(shape))
        return rng.uniform(-limit, limit, shape).astype(np.float32)

    return [one(shape) for shape in shapes]


def train_each(
    runs: list[Run], data: Data, settings: Settings, view: View, interrupt: Interrupt
) -> Iterator[Run]:
    """Train once per loss, from one set of initial weights; yield each run as it is done."""
    initial: list[Array] | None = None
    for run in runs:
        keras.utils.set_random_seed(settings.seed)
        run.model = build(run.card, data, settings.hidden, scale=settings.scale)
        if initial is None:
            initial = draw([w.shape for w in run.model.weights], settings.seed)
        run.model.set_weights(initial)
        run.initial_weights = digest(initial)
        prepare(run.model, run.card, data, settings.learning_rate)
        view.model(run.model)
        look(run, data, settings, view)
        start = time.perf_counter()
        train(run, data, settings, view, interrupt)
        run.seconds = time.perf_counter() - start
        yield run
        if interrupt.asked:
            return


def look(run: Run, data: Data, settings: Settings, view: View) -> None:
    """Check the loss on the first batch. It never stops a training."""

    def found(report: Report) -> None:
        run.findings = report.to_dict()["findings"]
        view.found(report)

    checker = Checker("losskit train", found)
    with checker.undisturbed():
        first = order(data, settings, 0)[: settings.batch_size]
        x, y = Batches(run.card, data, data.x, data.y, first, settings.batch_size)[0]
        # The NumPy face's loss is the same, and on JAX does not wait for a compiler.
        loss = losskit.get(run.card.name, **run.card.parameters())
        checker(loss, y, run.model(x, training=False), model=run.model)


def train(run: Run, data: Data, settings: Settings, view: View, interrupt: Interrupt) -> None:
    """Train one model; whatever ends it, the model is left with finite weights."""
    held = Batches(run.card, data, data.x_val, data.y_val, np.arange(len(data.x_val)), 1024)
    orders: list[Array] = []
    for epoch in range(settings.epochs):
        start = time.perf_counter()
        kept = run.model.get_weights()
        orders.append(order(data, settings, epoch))
        run.batches = digest(orders)
        batches = Batches(run.card, data, data.x, data.y, orders[-1], settings.batch_size)
        watch = Watch(view, interrupt)
        view.epoch(epoch, len(batches))
        try:
            # An epoch per call: what Keras fetches ahead is then never of the next epoch's order.
            run.model.fit(batches, epochs=1, shuffle=False, verbose=0, callbacks=[watch])
            if not math.isfinite(watch.losses[-1]):
                x, y = batches[len(watch.losses) - 1]
                run.cause = diagnose(run, data, settings, watch.losses, kept, x, y)
                run.model.set_weights(kept)
                return
            validation = run.model.evaluate(held, verbose=0, return_dict=True)
            if not math.isfinite(validation["loss"]):
                x, y = held[0]
                losses = [*watch.losses, validation["loss"]]
                run.cause = diagnose(run, data, settings, losses, kept, x, y)
                run.model.set_weights(kept)
                return
        except KeyboardInterrupt:  # the second Ctrl-C: back to the end of the last epoch
            run.model.set_weights(kept)
            run.interrupted = True
            return
        row = {"epoch": epoch + 1, **watch.logs, **{f"val_{k}": v for k, v in validation.items()}}
        row |= {"seconds": time.perf_counter() - start, "batches": len(watch.losses)}
        run.history.append(row)
        view.epoch_end(row)
        if interrupt.asked:
            run.interrupted = epoch + 1 < settings.epochs or len(watch.losses) < len(batches)
            return


class Watch(keras.callbacks.Callback):
    """Follows the batches of one epoch; stops at a NaN, and where the user asks."""

    def __init__(self, view: View, interrupt: Interrupt) -> None:
        super().__init__()
        self._view, self._interrupt = view, interrupt
        self.losses: list[float] = []
        """Mean loss of the epoch so far, after each batch."""
        self.logs: dict[str, float] = {}

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        self.logs = {k: float(v) for k, v in (logs or {}).items()}
        self.losses.append(self.logs["loss"])
        self._view.step(self.logs)
        if self._interrupt.asked or not math.isfinite(self.losses[-1]):
            self.model.stop_training = True


def digest(arrays: list[Array]) -> str:
    """A short fingerprint of arrays."""
    found = hashlib.sha256()
    for array in arrays:
        found.update(np.ascontiguousarray(array).tobytes())
    return found.hexdigest()[:16]


# --- a loss that is not finite ------------------------------------------------------------------


def diagnose(
    run: Run,
    data: Data,
    settings: Settings,
    losses: list[float],
    kept: list[Array],
    x: Array,
    y: Array,
) -> str:
    """Why the loss became NaN or infinite, in one sentence or two with the remedy.

    Args:
        run: the run, its model with the weights that gave the NaN.
        data: the data; that inputs and targets are finite was seen to when it was loaded.
        settings: how it was trained.
        losses: the mean loss of the epoch after each batch; the last is not finite.
        kept: the weights at the start of the epoch.
        x: the inputs of the batch where it happened.
        y: its targets.
    """
    where = f"epoch {len(run.history) + 1}, batch {len(losses)}"
    what = f"The loss {run.label} became {losses[-1]} in {where}."
    slower = f"Lower the learning rate: --learning-rate {settings.learning_rate / 10:g}"
    after = run.model.get_weights()
    run.model.set_weights(kept)
    p = np.asarray(run.model.predict_on_batch(x))
    largest = float(np.abs(x).max())
    unscaled = not settings.scale and largest > 1e3

    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        return f"{what} The batch itself holds NaN or infinity. Drop those rows."
    if not np.isfinite(p).all() and len(run.history) == 0 and len(losses) == 1:
        remedy = "Use --scale." if unscaled else slower + "."
        return f"{what} Inputs as large as {largest:g} overflow in the first layer. {remedy}"
    domain = run.card.prediction
    low, high = domain.ends()
    if p.min() < low or p.max() > high:
        return (
            f"{what} The model's outputs go from {p.min():g} to {p.max():g}, and the loss needs "
            f"{domain.words}: another activation is needed at the end of the model."
        )
    if data.task == "regression" and float(np.abs(y).max()) > 1e15:
        return (
            f"{what} Targets as large as {np.abs(y).max():g} overflow float32 once squared. Divide "
            "them by a round number, or take mean_absolute_error."
        )
    finite = [v for v in losses if math.isfinite(v)]
    first = run.history[0]["loss"] if run.history else (finite[0] if finite else math.nan)
    course = f", after {first:.4g} at first and {finite[-1]:.4g} just before" if finite else ""
    grown = [float(np.abs(w).max()) for w in after if w.size]
    size = "are NaN" if not np.isfinite(grown).all() else f"have grown to {max(grown):.3g}"
    scale = "Use --scale (inputs are as large as " + f"{largest:g}), or lower" if unscaled else ""
    remedy = slower if not scale else scale + slower.removeprefix("Lower")
    return (
        f"{what} Inputs and targets are finite, so the training diverged: the weights "
        f"{size}{course}. {remedy} (it was {settings.learning_rate:g})."
    )
