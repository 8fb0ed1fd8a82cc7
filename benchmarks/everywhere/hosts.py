"""The two sides of a case in each framework: value and gradient, as its users call them."""

from __future__ import annotations

import functools
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.everywhere.cases import IMAGES, Case, card_of, fits, kind, rows_of, variants
from benchmarks.everywhere.inputs import Array, Job, job, type_of

Call = Callable[[], Any]


class NoPeer(Exception):
    """The peer has no such loss in the installed version, or not in this type."""


@dataclass(frozen=True)
class Side:
    """One library's call."""

    call: Call
    read: Callable[[Any], tuple[float, list[Array]]]
    """From what it returns, the value and the gradients as arrays."""
    trace: Callable[[], Any] = lambda: None
    """What the framework does in that call, by its own operations; None where it cannot say.

    Two sides that say the same do the same.
    """
    label: str = ""


def _numbers(x: Any) -> Array:
    return np.asarray(x).astype(np.float64)


# --- PyTorch --------------------------------------------------------------------------------------


class Torch:
    """`torch.nn.functional`: forward and backward, eager."""

    def __init__(self) -> None:
        import torch

        import losskit.torch

        self.torch, self.modules = torch, {"ours": losskit.torch, "theirs": torch.nn.functional}
        self.versions = {"torch": torch.__version__}

    def side(self, which: str, case: Case, of: Job, dtype: str) -> Side:
        name = case.loss
        function = getattr(self.modules[which], name, None)
        if function is None:
            raise NoPeer(f"no {name}")
        arrays = {n: self.tensor(x) for n, x in (of.arrays | of.more).items()}
        made = functools.partial(function, **of.options)
        return self.of(_after_softmax(made, of.normalized), arrays, of.by)

    def of(self, function: Any, arrays: dict[str, Any], by: tuple[str, ...]) -> Side:
        leaves = [arrays[n].requires_grad_() for n in by]
        grad = self.torch.autograd.grad

        def call() -> Any:
            value = function(**arrays)
            return value, grad(value, leaves)

        return Side(call, self.read, lambda: _nodes(function(**arrays)))

    def tensor(self, x: Array) -> Any:
        x = np.ascontiguousarray(x)
        if x.dtype == type_of("bfloat16"):
            return self.torch.from_numpy(x.view(np.int16)).view(self.torch.bfloat16).clone()
        return self.torch.from_numpy(x).clone()

    def read(self, found: Any) -> tuple[float, list[Array]]:
        value, slopes = found
        return float(value.detach()), [s.double().numpy() for s in slopes]


def _after_softmax(function: Any, name: str) -> Any:
    """The function of logits of which it takes the log-probabilities under that name."""
    if not name:
        return function
    return lambda **arrays: function(**(arrays | {name: arrays[name].log_softmax(-1)}))


def _nodes(value: Any) -> list[str]:
    """The names of the operations whose derivatives make the gradient."""
    names, left = [], [value.grad_fn]
    while left:
        node = left.pop()
        if node is not None:
            names.append(node.name())
            left += [n for n, _ in node.next_functions]
    return names


# --- JAX ------------------------------------------------------------------------------------------


class Jax:
    """`optax.losses`: the compiled value and gradient of a mean."""

    def __init__(self) -> None:
        import jax
        import optax

        import losskit.jax

        self.jax, self.modules = jax, {"ours": losskit.jax, "theirs": optax.losses}
        self.versions = {"jax": jax.__version__, "optax": optax.__version__}

    def side(self, which: str, case: Case, of: Job, dtype: str) -> Side:
        self.jax.config.update("jax_enable_x64", dtype == "float64")
        function = getattr(self.modules[which], case.loss, None)
        if function is None:
            raise NoPeer(f"no {case.loss}")
        if "max_fun" in rows_of("jax")[case.loss].parameters:
            function = _by_place(function(self.jax.nn.logsumexp))
        return self.of(function, of)

    def of(self, function: Any, of: Job) -> Side:
        jnp = self.jax.numpy
        arrays = {n: jnp.asarray(x) for n, x in (of.arrays | of.more).items()}

        def mean(by: dict[str, Any], rest: dict[str, Any]) -> Any:
            found = function(**by, **rest, **of.options)
            return jnp.mean(found[0] if isinstance(found, tuple) else found)

        by = {n: arrays.pop(n) for n in of.by}
        both = self.jax.jit(self.jax.value_and_grad(mean))
        wait = self.jax.block_until_ready
        return Side(
            lambda: wait(both(by, arrays)), self.read, lambda: _program(both.lower(by, arrays))
        )

    def read(self, found: Any) -> tuple[float, list[Array]]:
        value, slopes = found
        return float(value), [_numbers(s) for s in slopes.values()]


def _by_place(function: Any) -> Any:
    """Of a function made by a function, the arguments' names are each side's own."""
    return lambda **arrays: function(*arrays.values())


def _program(lowered: Any) -> str:
    """The text of a program without the names of what it was made of."""
    return re.sub(r"@\w+|loc\(.*?\)|module \S+", "", lowered.as_text())


# --- Keras ----------------------------------------------------------------------------------------


class Keras:
    """`keras.losses`: a step as `fit` makes it, of the predictions as an array."""

    def __init__(self) -> None:
        import keras

        import losskit.keras

        self.keras, self.backend = keras, keras.backend.backend()
        self.modules = {"ours": losskit.keras, "theirs": keras.losses}
        host = __import__(self.backend)
        self.versions = {"keras": keras.__version__, self.backend: host.__version__}
        self._torch = Torch() if self.backend == "torch" else None

    def side(self, which: str, case: Case, of: Job, dtype: str) -> Side:
        made = getattr(self.modules[which], rows_of(case.face)[case.loss].module, None)
        if made is None:
            raise NoPeer(f"no {case.loss}")
        # Under a policy of that type, as with `set_dtype_policy`.
        loss = made(**of.options, dtype=dtype)
        y, p = of.arrays.values()
        if self._torch is not None:
            tensor = self._torch.tensor
            given = {"y_pred": tensor(p)}
            rest = {"y_true": tensor(y)} | {n: tensor(w) for n, w in of.more.items()}
            return self._torch.of(loss, rest | given, ("y_pred",))
        if self.backend == "jax":
            return self._jax(loss, y, p, of.more, dtype)
        return self._tensorflow(loss, y, p, of.more)

    def _jax(self, loss: Any, y: Array, p: Array, more: dict[str, Array], dtype: str) -> Side:
        import jax

        jax.config.update("jax_enable_x64", dtype == "float64")
        y, p, more = jax.tree.map(jax.numpy.asarray, (y, p, more))
        both = jax.jit(jax.value_and_grad(lambda p, y, more: loss(y, p, **more)))
        return Side(
            lambda: jax.block_until_ready(both(p, y, more)),
            lambda found: (float(found[0]), [_numbers(found[1])]),
            lambda: _program(both.lower(p, y, more)),
        )

    def _tensorflow(self, loss: Any, y: Array, p: Array, more: dict[str, Array]) -> Side:
        import tensorflow as tf

        given = tf.constant(y), tf.constant(p), {n: tf.constant(w) for n, w in more.items()}

        def both(y: Any, p: Any, more: Any) -> Any:
            with tf.GradientTape() as tape:
                tape.watch(p)
                value = loss(y, p, **more)
            return value, tape.gradient(value, p)

        # Compiled by XLA, as `jit_compile=True` has it (on a CPU `fit` leaves it at the graph), of
        # Python that is not rewritten.
        step, label = tf.function(both, autograph=False, jit_compile=True), ""
        try:
            step(*given)
        except (tf.errors.OpError, ValueError, NotImplementedError):
            step, label = tf.function(both, autograph=False), "without XLA"
        return Side(
            lambda: [x.numpy() for x in step(*given)],
            lambda found: (float(found[0]), [_numbers(found[1])]),
            lambda: [op.type for op in step.get_concrete_function(*given).graph.get_operations()],
            label,
        )


# --- NumPy ----------------------------------------------------------------------------------------


class NumPy:
    """losskit on arrays, beside the fastest that torch and optax have of the same loss.

    Where they have none: beside one addition of two such arrays.
    """

    def __init__(self) -> None:
        import losskit

        self.losskit = losskit
        self.hosts: dict[str, Any] = {"torch": Torch(), "jax": Jax()}
        self.versions = self.hosts["torch"].versions | self.hosts["jax"].versions

    def side(self, which: str, case: Case, of: Job, dtype: str) -> Side:
        if which == "ours":
            loss = self.losskit.get(case.loss, **of.options)
            arrays: list[Any] = list(of.arrays.values())
            more: dict[str, Any] = of.more
            return Side(lambda: loss.value_and_gradient(*arrays, **more), _own)
        if which == "addition":
            x = next(of.arrays[n] for n in of.by)
            other = x.copy()
            return Side(lambda: np.add(x, other), lambda found: (0.0, []), label="addition")
        sides = []
        for face, name, given in peers(case, of):
            try:
                peer = Case(face, name, case.size, dtype)
                side = self.hosts[face].side("theirs", peer, given, dtype)
                side.call()
                sides.append((_seconds(side.call), f"{face} {name}", side))
            except Exception:  # a peer that cannot is none
                continue
        if not sides:
            raise NoPeer("torch and optax have none")
        _, label, side = min(sides, key=lambda found: found[0])
        return Side(side.call, side.read, label=label)


def _own(found: Any) -> tuple[float, list[Array]]:
    value, slopes = found
    return float(value), [_numbers(s) for s in (slopes if isinstance(slopes, tuple) else (slopes,))]


def _seconds(call: Call) -> float:
    start = time.perf_counter()
    for _ in range(3):
        call()
    return time.perf_counter() - start


def peers(case: Case, of: Job) -> list[tuple[str, str, Job]]:
    """The functions of torch and optax that compute what a case of the NumPy face does.

    Found by the tables: one whose arguments make the same card.
    """
    row = rows_of("numpy")[case.loss]
    mine = variants("numpy", row)[case.arguments]
    card = card_of(row, mine)
    found = []
    for face in ("torch", "jax"):
        for name, other in rows_of(face).items():
            if not other.card or other.lists or kind(card) in ("sequence", "line"):
                continue
            for arguments in variants(face, other).values():
                given = _same(face, other, arguments, mine, card, of)
                if given is not None:
                    found.append((face, name, given))
    return found


def _same(face: str, row: Any, arguments: Any, mine: Any, card: Any, of: Job) -> Job | None:
    """How that function is called, if it does the same."""
    made = card_of(row, arguments)
    free = {"axis", "ignore_class"}
    parameters = [{k: v for k, v in c.parameters().items() if k not in free} for c in (card, made)]
    if type(made) is not type(card) or parameters[0] != parameters[1]:
        return None
    kinds = [
        (bool(a.class_weight), bool(a.weight), a.ignored is not None, a.soft)
        for a in (arguments, mine)
    ]
    if len(of.arrays[of.by[0]].shape) == 4 and not fits(face, row, IMAGES):
        return None
    needed = [n for n, p in row.parameters.items() if p.default is p.empty]
    if "targets" in row.parameters and "targets" not in needed:
        needed.append("targets")
    if (
        arguments.soft != mine.soft
        or kinds[0] != kinds[1]
        or bool(arguments.where)
        or len(needed) != len(of.arrays)
    ):
        return None
    arrays = list(of.arrays.values())
    if card.slots[0].name == "target":
        arrays[:2] = arrays[1::-1]
    by = [n for n, x in zip(needed, arrays, strict=True) if any(x is of.arrays[b] for b in of.by)]
    names = {mine.class_weight: arguments.class_weight, mine.weight: arguments.weight}
    more = {names[n]: x for n, x in of.more.items()}
    options = dict(arguments.options)
    if arguments.ignored is not None:
        options[next(n for n in options if n.startswith("ignore"))] = mine.ignored
    if "axis" in of.options and face == "jax":
        options["axis"] = of.options["axis"]
    return Job(dict(zip(needed, arrays, strict=True)), tuple(by), more, options)


HOSTS: dict[str, Any] = {"numpy": NumPy, "torch": Torch, "jax": Jax}


def start(face: str) -> Any:
    """The host of a face, imported."""
    return HOSTS.get(face, Keras)()


__all__ = ["Job", "NoPeer", "Side", "job", "start"]
