"""Eight virtual devices: an array that is sharded over them stays so, and is nowhere gathered.

    XLA_FLAGS=--xla_force_host_platform_device_count=8 python tests/sharded_jax.py [ERROR]

It prints what is wrong, and "sound" if nothing is; with an error, one of `PLANTED`, something is.
"""

import sys
import types

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding
from jax.sharding import PartitionSpec as P

import losskit.jax as lj
from losskit.jax import sharded

PLANTED = {
    "sum": ("lax", types.SimpleNamespace(psum=lambda x, names: x)),
    "rule": ("parted", lambda function, *_: function),
}
"""A function that forgets the other parts' sums, or to tell XLA anything."""
RNG = np.random.default_rng(0)
Z = RNG.normal(size=(64, 12)).astype("f4")
T = RNG.normal(size=(64, 12)).astype("f4")
LABELS = RNG.integers(0, 12, 64)
W, KEEP = RNG.uniform(0.5, 2.0, 64).astype("f4"), RNG.random(64) < 0.7


def labels(z, y, w, keep):
    return lj.sparse_categorical_crossentropy(z, y, from_logits=True, reduction="mean")


def masked(z, y, w, keep):
    return lj.sparse_categorical_crossentropy(
        z, y, from_logits=True, where=keep, label_smoothing=0.1, reduction="mean"
    )


def weighted(z, y, w, keep):
    return lj.sparse_categorical_crossentropy(z, y, from_logits=True, weight=w, reduction="mean")


def pointwise(z, y, w, keep):
    return lj.get("log_cosh")(z, y, where=keep, reduction="mean")


def simple(z, y, w, keep):
    return lj.huber(z, y, weight=w, reduction="mean")


def shares(z, y, w, keep):
    return lj.categorical_crossentropy(z, jax.nn.softmax(y), from_logits=True, reduction="sum")


LOSSES = {labels: LABELS, masked: LABELS, weighted: LABELS, pointwise: T, simple: T, shares: T}


def compare(function, given, specs, mesh, what):
    """The value and gradient of sharded arrays against those of one device."""
    want = function(*given)
    laid = [jax.device_put(x, NamedSharding(mesh, s)) for x, s in zip(given, specs, strict=True)]
    compiled = jax.jit(function).lower(*laid).compile()
    wrong = [f"{what}: gathers"] if "all-gather" in compiled.as_text() else []
    got = compiled(*laid)
    for name, a, b in zip(("value", "gradient"), got, want, strict=True):
        off = float(jnp.abs(a - b).max() / jnp.maximum(jnp.abs(b).max(), 1e-3))
        wrong += [f"{name} of {what}: off by {off:.2g}"] if off > 2e-6 else []
    if not got[1].sharding.is_equivalent_to(laid[0].sharding, got[1].ndim):
        wrong.append(f"gradient of {what}: laid out as {got[1].sharding.spec}")
    return wrong


def main(error=None):
    if error:
        setattr(sharded, *PLANTED[error])
    devices, wrong = np.array(jax.devices()), []
    lines = Mesh(devices, ("d",))
    square = Mesh(devices.reshape(4, 2), ("a", "b"))
    for loss, y in LOSSES.items():
        given = (Z, y, W, KEEP)
        slope = jax.value_and_grad(loss)
        for mesh, of_rows in ((lines, P("d")), (square, P("a")), (square, P(("a", "b")))):
            what = f"{loss.__name__}, {of_rows}"
            wrong += compare(slope, given, [of_rows] * 4, mesh, what)
        many = tuple(np.stack([x, x[::-1]]) for x in given)
        every = jax.vmap(slope)
        wrong += compare(every, many, [P(None, "d")] * 4, lines, f"{loss.__name__}, vmap")
        wrong += compare(every, many, [P("b", "a")] * 4, square, f"{loss.__name__}, batches too")
        twice = jax.vmap(jax.vmap(slope))
        more = tuple(x[None] for x in many)
        wrong += compare(
            twice, more, [P(None, None, "d")] * 4, lines, f"{loss.__name__}, vmap of vmap"
        )
    print("\n".join(wrong) or "sound")


if __name__ == "__main__":
    main(*sys.argv[1:])
