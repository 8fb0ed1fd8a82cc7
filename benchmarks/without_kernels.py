"""Losses by a framework's own operations, kernels off: ``python -m benchmarks without-kernels``.

What a device without our kernels gets, on the CPU: every loss that losskit shares with
`torch.nn.functional`, `optax.losses` and `keras.losses`, the value and its gradient, beside the
host's own: the time, and the memory held at the peak beside the arguments. PyTorch runs eagerly;
JAX and Keras on JAX or TensorFlow are compiled.
"""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

HOSTS = ("torch", "optax", "keras-torch", "keras-jax", "keras-tensorflow")
SHAPES = ((256, 32_000), (4096, 1000))
"""Of rows; elements are as many as a mebi. Where all pairs of a row are formed, rows are short."""
SHORT = ((4096, 32),)
ELEMENTS = ((2**20,),)
MASKS = ((16, 256, 256, 1),)
FRAMES = ((100, 32, 64),)
"""Of sequences: frames, batch, classes."""

Step = Callable[[], Any]


@dataclass
class Line:
    """What was measured of a loss: the host's own, and how many times that ours takes."""

    host: str
    name: str
    shape: str
    milliseconds: float
    time: float
    mebibytes: float
    memory: float


# --- arguments ------------------------------------------------------------------------------------


def draw(rng: np.random.Generator, card: Any, shape: tuple[int, ...]) -> list[Any]:
    """Targets, predictions and what else a card takes, in float32; labels as integers."""
    found = []
    for slot in card.slots:
        domain, wide = slot.domain, np.float32
        whole = rng.standard_normal(shape, wide)
        if domain.labels:
            found.append(rng.integers(0, shape[-1], shape[:-1]))
        elif domain.values:
            found.append(rng.choice(np.array([-1, 1], wide), shape))
        elif "log-prob" in domain.words:
            found.append(whole - np.log(np.exp(whole).sum(-1, keepdims=True)))
        elif domain.low == 0.0 and domain.high == 1.0:
            rows = len(shape) > 1 and len(card.slots[card.main].dims) > 0
            found.append(_shares(whole) if rows else rng.random(shape, wide))
        else:
            found.append(np.abs(whole) + wide(0.1) if domain.low == 0.0 else whole)
    return found


def _shares(x: Any) -> Any:
    return np.exp(x) / np.exp(x).sum(-1, keepdims=True)


def cases(table: Any) -> Iterator[tuple[str, Any, tuple[tuple[int, ...], ...], Any]]:
    """Of each row of a table: its name, the row, the shapes, the card of its defaults."""
    from losskit.core.definition import find
    from losskit.core.families import Masks, is_rowwise

    for name, row in table.items():
        card = row.made({n: p.default for n, p in row.parameters.items()})
        if card is None and row.of:
            card = find(row.of[0])()
        shapes = ELEMENTS
        if isinstance(card, Masks):
            shapes = MASKS
        elif card is not None and is_rowwise(card):
            shapes = SHAPES
        yield name, row, shapes, card


# --- hosts ----------------------------------------------------------------------------------------


def of_torch(pattern: str) -> Iterator[tuple[str, str, Step, Step]]:
    """(name, shape, ours, theirs) of PyTorch's functions."""
    import torch
    import torch.nn.functional as F

    import losskit.torch as ours
    from losskit.peers import torch as peers

    def tensors(name: str, card: Any, shape: tuple[int, ...]) -> tuple[list[Any], dict[str, Any]]:
        rng = np.random.default_rng(0)
        sign = rng.choice(np.array([-1, 1], np.float32), shape[:1])
        x = [rng.standard_normal(shape, np.float32) for _ in range(3)]
        if name in ("margin_ranking_loss", "cosine_embedding_loss"):
            return [*x[:2], sign], {}
        if name.startswith("triplet"):
            return x, {}
        if name == "multilabel_margin_loss":
            return [x[0], np.where(rng.random(shape) < 0.5, -1, np.arange(shape[1]))], {}
        if name == "linear_cross_entropy":
            layer = rng.standard_normal((8000, 256), np.float32) / 16
            return [x[0], layer, rng.integers(0, 8000, shape[0])], {}
        if name == "ctc_loss":
            logs = torch.log_softmax(torch.as_tensor(x[0]), -1).numpy()
            lengths = [np.full(shape[1], n) for n in (shape[0], 20)]
            return [logs, rng.integers(1, shape[2], (shape[1], 20)), *lengths], {}
        y, *rest = draw(rng, card, shape)
        if name == "multilabel_soft_margin_loss":
            y = np.round(y)
        return [rest[0], y, *rest[1:]], {}

    special = {
        "margin_ranking_loss": ELEMENTS,
        "cosine_embedding_loss": SHAPES,
        "triplet_margin_loss": SHAPES,
        "triplet_margin_with_distance_loss": SHAPES,
        "multilabel_margin_loss": SHORT,
        "multilabel_soft_margin_loss": SHAPES,
        "linear_cross_entropy": ((1024, 256),),
        "ctc_loss": FRAMES,
    }
    for name, _, shapes, card in cases(peers.ROWS):
        if not (hasattr(F, name) and fnmatchcase(name, pattern)):
            continue
        for shape in special.get(name, shapes):
            args, options = tensors(name, card, shape)
            given = [torch.as_tensor(a) for a in args]
            predicted = 3 if name.startswith("triplet") else 1
            predicted = (
                2 if name in ("linear_cross_entropy", "cosine_embedding_loss") else predicted
            )
            by = [x.requires_grad_() for x in given[:predicted]]

            def step(
                function: Any, given: Any = given, options: Any = options, by: Any = by
            ) -> Any:
                torch.autograd.grad(function(*given, **options), by)

            yield (
                name,
                _text(shape),
                *(lambda f=f: step(f) for f in (getattr(ours, name), getattr(F, name))),
            )


def of_optax(pattern: str) -> Iterator[tuple[str, str, Step, Step]]:
    """The same of optax's."""
    import jax
    import jax.numpy as jnp
    import optax

    import losskit.jax as ours
    from losskit.peers import optax as peers

    special: dict[str, Any] = {
        "cosine_similarity": SHAPES,
        "cosine_distance": SHAPES,
        "triplet_margin_loss": SHAPES,
        "ntxent": ((1024, 128),),
        "sparsemax_loss": ELEMENTS,
        "ctc_loss": ((32, 100, 64),),
    }
    left = ("smooth_labels", "make_fenchel_young_loss", "ctc_loss_with_forward_probs")

    def arrays(name: str, card: Any, shape: tuple[int, ...]) -> list[Any]:
        rng = np.random.default_rng(0)
        x = [rng.standard_normal(shape, np.float32) for _ in range(3)]
        if name == "triplet_margin_loss":
            return x
        if name.startswith("cosine"):
            return x[:2]
        if name == "ntxent":
            return [x[0], rng.integers(0, 64, shape[0])]
        if name == "ctc_loss":
            batch, frames, classes = shape
            labels = rng.integers(1, classes, (batch, 20))
            return [x[0], np.zeros((batch, frames)), labels, np.zeros((batch, 20))]
        if "dice" in name:
            return [x[0], np.round(rng.random(shape, np.float32))]
        if name == "ranking_softmax_loss":
            return [x[0], rng.random(shape, np.float32)]
        y, *rest = draw(rng, card, shape)
        return [rest[0], np.round(y) if name == "sparsemax_loss" else y]

    for name, _, shapes, card in cases(peers.ROWS):
        if name in left or not fnmatchcase(name, pattern):
            continue
        for shape in special.get(name, shapes):
            if "multiclass_generalized" in name:
                shape = (*shape[:-1], 4)
            given = [jnp.asarray(a) for a in arrays(name, card, shape)]
            steps = []
            for function in (getattr(ours, name), getattr(optax.losses, name)):
                by = (0, 1, 2) if name == "triplet_margin_loss" else 0

                def value(*args: Any, function: Any = function) -> Any:
                    return function(*args).mean()

                steps.append(_compiled(jax.value_and_grad(value, by), given))
            yield name, _text(shape), *steps


def _compiled(function: Any, given: Any) -> Step:
    import jax

    program = jax.jit(function).lower(*given).compile()

    def step() -> None:
        jax.block_until_ready(program(*given))

    step.program = program  # type: ignore[attr-defined]
    return step


def of_keras(pattern: str) -> Iterator[tuple[str, str, Step, Step]]:
    """The same of Keras's classes, on the backend of the process."""
    import keras

    import losskit.keras as ours
    from losskit.peers import keras as peers

    special = {
        "binary_crossentropy": ELEMENTS,
        "binary_focal_crossentropy": ELEMENTS,
        "circle": ((1024, 128),),
        "ctc": ((32, 100, 64),),
    }
    logits = ("binary_crossentropy", "categorical_crossentropy", "sparse_categorical_crossentropy")
    for name, row, shapes, card in cases(peers.ROWS):
        for options in ({}, {"from_logits": True}) if name in logits else ({},):
            label = name + (" of logits" if options else "")
            if not fnmatchcase(label, pattern):
                continue
            own = row.made(options) if options else card
            for shape in special.get(name, shapes):
                shape = (*shape, 1) if len(shape) == 1 else shape
                rng = np.random.default_rng(0)
                if name == "ctc":
                    y = rng.integers(1, shape[2], (shape[0], 20))
                    p = rng.standard_normal(shape, np.float32)
                elif name == "circle":
                    y, p = rng.integers(0, 64, shape[0]), rng.standard_normal(shape, np.float32)
                    p /= np.linalg.norm(p, axis=1, keepdims=True)
                else:
                    y, p = draw(rng, own, shape)[:2]
                losses = (getattr(home, row.module)(**options) for home in (ours, keras.losses))
                yield label, _text(shape), *(_keras_step(loss, y, p) for loss in losses)


def _keras_step(loss: Any, y: Any, p: Any) -> Step:
    import keras

    backend = keras.backend.backend()
    if backend == "jax":
        import jax

        given = [keras.ops.convert_to_tensor(x) for x in (y, p)]
        return _compiled(jax.value_and_grad(loss, 1), given)
    y, p = map(keras.ops.convert_to_tensor, (y, p))
    if backend == "torch":
        import torch

        p.requires_grad_()
        return lambda: torch.autograd.grad(loss(y, p), p)
    import tensorflow as tf

    @tf.function
    def compiled(y: Any, p: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(p)
            value = loss(y, p)
        return value, tape.gradient(value, p)

    return lambda: [x.numpy() if x.ndim == 0 else x for x in compiled(y, p)]


def _text(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))


# --- measured -------------------------------------------------------------------------------------


def times(ours: Step, theirs: Step, seconds: float) -> tuple[float, float]:
    """The shortest of each in milliseconds, taken in turns: what else runs only adds to it."""
    found: tuple[list[float], list[float]] = [], []
    until = time.perf_counter() + seconds
    while len(found[0]) < 3 or time.perf_counter() < until:
        for step, own in zip((ours, theirs), found, strict=True):
            begin = time.perf_counter()
            step()
            own.append(1e3 * (time.perf_counter() - begin))
    return min(found[0]), min(found[1])


def peak(step: Step) -> float:
    """Mebibytes held at the peak of a step, beside what there was before it."""
    program = getattr(step, "program", None)
    if program is not None:
        known = program.memory_analysis()
        return float(known.temp_size_in_bytes + known.output_size_in_bytes) / 2**20
    if "tensorflow" in sys.modules and os.environ.get("KERAS_BACKEND") == "tensorflow":
        return min(_resident(step) for _ in range(3))
    from torch.profiler import ProfilerActivity, profile

    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        step()
    events = profiler.profiler.kineto_results.events()  # type: ignore[union-attr]
    made = sorted((e.start_ns(), e.nbytes()) for e in events if e.name() == "[memory]")
    held = np.cumsum([n for _, n in made])
    return float(held.max(initial=0)) / 2**20


def _resident(step: Step) -> float:
    """The same by what the system has given the process."""
    gc.collect()
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")
    before = _status("VmRSS")
    step()
    return (_status("VmHWM") - before) / 2**10


def _status(name: str) -> float:
    with open("/proc/self/status") as file:
        return next(float(line.split()[1]) for line in file if line.startswith(name))


def work(host: str, pattern: str, seconds: float) -> None:
    """Measure a host's losses in this process, a line of JSON each."""
    from losskit import native

    of = {"torch": of_torch, "optax": of_optax}.get(host, of_keras)
    with native.switched(False):
        for name, shape, ours, theirs in of(pattern):
            try:
                for step in (ours, theirs, ours, theirs):
                    step()
                mine, own = (peak(step) for step in (ours, theirs))
                took, takes = times(ours, theirs, seconds)
            except Exception as error:
                print(f"{host} {name} {shape}: {error!r:.300}", file=sys.stderr)
                continue
            # A step may fit into memory that was there before.
            more = mine / own if own else float("inf" if mine else 1.0)
            line = Line(host, name, shape, takes, took / takes, own, more)
            print(json.dumps(asdict(line)), flush=True)


def measure(hosts: list[str], pattern: str, seconds: float) -> list[Line]:
    """Every host in a process of its own."""
    found = []
    for host in hosts:
        environment = (
            os.environ | {"MALLOC_MMAP_THRESHOLD_": "65536"} if "tensor" in host else os.environ
        )
        backend = host.partition("-")[2]
        given = {**environment, **({"KERAS_BACKEND": backend} if backend else {})}
        command = [sys.executable, "-m", "benchmarks.without_kernels", host, pattern, str(seconds)]
        ran = subprocess.run(command, stdout=subprocess.PIPE, env=given, text=True, check=False)
        if ran.returncode:
            print(f"{host} ended with {ran.returncode}.", file=sys.stderr)
        found += [Line(**json.loads(line)) for line in ran.stdout.splitlines()]
    return found


def show(lines: list[Line], console: Console) -> None:
    """The table, worst first."""
    table = Table("host", "loss", "shape", box=None)
    for title in ("its ms", "time, times", "its MiB", "memory, times"):
        table.add_column(title, justify="right")
    for line in sorted(lines, key=lambda x: -max(x.time, x.memory)):
        numbers = (line.milliseconds, line.time, line.mebibytes, line.memory)
        table.add_row(line.host, line.name, line.shape, *(f"{n:.2f}" for n in numbers))
    console.print(table)


if __name__ == "__main__":
    work(sys.argv[1], sys.argv[2], float(sys.argv[3]))
