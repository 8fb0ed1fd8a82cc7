"""A callback that checks the loss in the course of a training."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import keras

# Not public: the masks are nowhere else (see loss.py), and how `compile` reads losses.
from keras.src.backend.common.masking import get_keras_mask
from keras.src.trainers.compile_utils import CompileLoss, get_loss

if TYPE_CHECKING:
    from losskit.checks.watch import Say


class CheckLoss(keras.callbacks.Callback):
    """Looks for what is wrong with the model's loss: before training, and every few epochs.

    Finds what `losskit.check` finds, on data that are given, for Keras shows a callback no batches.
    The model is called with training=False; weights, metrics and random numbers stay as they are.
    Each error and each warning is said once, and nothing is ever raised into the training.

    Args:
        x: inputs as arrays, as `fit` takes them (an array; a list or dict of them).
        y: targets, likewise.
        sample_weight: weights, likewise.
        every: after how many epochs to look again.
        sample: how many of the first rows are looked at.
        say: called with a `losskit.checks.Report` of what is new; by default it is printed on
            stderr.
        model: the compiled model, to be looked at right away. On JAX and PyTorch `fit` tries the
            loss before any callback is called, and what the loss refuses ends it there.

    Raises:
        TypeError: y is None, or the model has no loss.
        ValueError: every or sample is no integer of at least 1.

    >>> watch = losskit.keras.CheckLoss(x, y, model=model)  # doctest: +SKIP
    >>> model.fit(x, y, callbacks=[watch])  # doctest: +SKIP
    """

    def __init__(
        self,
        x: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        every: int = 5,
        sample: int = 1024,
        say: Say | None = None,
        model: Any = None,
    ) -> None:
        from losskit.checks.watch import Checker

        super().__init__()
        for name, value in (("every", every), ("sample", sample)):
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                raise ValueError(f"{name} must be an integer of at least 1, got {value!r}.")
        if y is None:
            raise TypeError(
                "CheckLoss takes arrays x and y, got y=None: take the first batch of a data set, "
                "x, y = next(iter(dataset))."
            )
        self._data = keras.tree.map_structure(
            lambda a: a[:sample] if hasattr(a, "shape") else a, (x, y, sample_weight)
        )
        self._every = every
        self._epochs = 0
        self._checker = Checker("losskit.keras.CheckLoss", say)
        self._looked = model is not None
        if model is not None:
            if getattr(model, "loss", None) is None:
                raise TypeError(
                    f"CheckLoss looks at a model's loss, got model={model!r}, which has none: "
                    "compile it first, with its loss."
                )
            self.set_model(model)
            self._look()

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        # Not at the end of one: the progress bar would still stand on the line.
        if self._epochs % self._every == 0 and not self._looked:
            self._look()
        self._looked = False
        self._epochs += 1

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        self._look()

    def _look(self) -> None:
        with self._checker.undisturbed():
            x, y, weight = self._data
            p = self.model(x, training=False)
            for output, loss, *arrays in calls(self.model, y, p, weight):
                y_true, y_pred, w = arrays
                # The model is that of the last activation, which is one output's.
                model = None if output else self.model
                w = _masked(w, get_keras_mask(y_pred))
                self._checker(loss, y_true, y_pred, sample_weight=w, model=model, output=output)


class _Recorder(keras.losses.Loss):
    """Stands in `CompileLoss` for one of a model's losses, and notes what it would be called with.

    Args:
        loss: as `compile` takes one.
        seen: the list to note it in: (loss, y_true, y_pred, sample_weight).
    """

    def __init__(self, loss: Any, seen: list[tuple[Any, ...]]) -> None:
        super().__init__()
        self._loss, self._seen = loss, seen

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        loss = get_loss(self._loss, y_true, y_pred)
        self._seen.append((loss, y_true, y_pred, sample_weight))
        return keras.ops.zeros(())


def calls(model: Any, y: Any, p: Any, weight: Any = None) -> Iterator[tuple[Any, ...]]:
    """(output, loss, y_true, y_pred, sample_weight) of each output of a model that has a loss.

    The output's name is empty where there is one alone.
    """
    seen: list[tuple[Any, ...]] = []
    recorders = keras.tree.map_structure(
        lambda loss: None if loss is None else _Recorder(loss, seen), model.loss
    )
    flat = keras.tree.flatten(p)
    names = getattr(model, "output_names", None) or [f"output {i}" for i, _ in enumerate(flat)]
    # Which targets and weights are whose is Keras's to say.
    every = CompileLoss(recorders, output_names=names)
    every(y, p, weight)
    for known, call in zip(every._flat_losses, seen, strict=True):
        yield known.name if len(flat) > 1 else "", *call


def _masked(weight: Any, mask: Any) -> Any:
    """Weights that are 0 where Keras's mask leaves out."""
    if mask is None:
        return weight
    mask = keras.ops.cast(mask, "float32")
    if weight is None:
        return mask
    weight = keras.ops.convert_to_tensor(weight, "float32")
    ends = (1,) * (len(mask.shape) - len(weight.shape))
    return keras.ops.reshape(weight, (*weight.shape, *ends)) * mask
