"""Eight virtual devices: what each has of a batch, against the whole batch on one.

    XLA_FLAGS=--xla_force_host_platform_device_count=8 python tests/across_jax.py PART [ERROR]

PART is "some" or "all" of the cases. It prints what is wrong, and "sound" if nothing is; with an
error, one of `PLANTED`, something is.
"""

import functools
import sys

import jax
import numpy as np
from jax.sharding import Mesh
from jax.sharding import PartitionSpec as P

import losskit.jax as lj
from losskit.jax.across import Across

COUNT, TOTAL, STATES = Across.count, Across.total, Across.states
PLANTED = {
    "count": ("count", lambda self, own: 1.001 * COUNT(self, own)),
    "total": ("total", lambda self, own: 1.001 * TOTAL(self, own)),
    "states": ("states", lambda self, own: STATES(self, own)[1:]),
}
"""A method that makes a thousandth too much, or forgets a part."""
N, FEATURES, CLASSES = 24, 5, 4
RNG = np.random.default_rng(0)
X, W = RNG.normal(size=(N, FEATURES)).astype("f4"), RNG.uniform(0.5, 2, N).astype("f4")
THETA = RNG.normal(size=(FEATURES, CLASSES)).astype("f4")
LABELS = RNG.integers(0, CLASSES, N)
LABELS[::5] = -1
NUMBERS = RNG.normal(size=(N, CLASSES)).astype("f4")
MASKS = {
    "all": np.ones(N, bool),
    "some": RNG.random(N) < 0.7,
    "one device empty": np.arange(N) >= N // 8,
    "nothing": np.zeros(N, bool),
}


def huber(theta, x, y, w, keep, **options):
    return lj.huber(x @ theta, y, weight=w, where=keep, reduction="mean", **options)


def labels(theta, x, y, w, keep, **options):
    return lj.sparse_categorical_crossentropy(
        *(x @ theta, y), from_logits=True, ignore_class=-1, weight=w, where=keep,
        reduction="mean", **options,
    )  # fmt: skip


def plain_labels(theta, x, y, w, keep, **options):
    return lj.sparse_categorical_crossentropy(
        x @ theta, y, from_logits=True, ignore_class=-1, where=keep, reduction="mean", **options
    )


def rmse(theta, x, y, w, keep, **options):
    return lj.root_mean_squared_error(x @ theta, y, weight=w, where=keep, **options)


def gaussian(theta, x, y, w, keep, **options):
    z = x @ theta
    return lj.gaussian_nll(
        *(z[:, 0], y[:, 0], jax.nn.softplus(z[:, 1])), weight=w, where=keep, reduction="mean",
        **options,
    )  # fmt: skip


LOSSES = {
    "huber": (huber, NUMBERS),
    "labels": (labels, LABELS),
    "plain labels": (plain_labels, LABELS),
    "rmse": (rmse, NUMBERS),
    "gaussian": (gaussian, NUMBERS),
}


def near(got, want, what):
    got, want = np.asarray(got), np.asarray(want)
    off = np.abs(got - want).max() / max(np.abs(want).max(), 1e-3)
    return [] if off <= 2e-6 else [f"{what}: off by {off:.2g}: {got.reshape(-1)[:3]}"]


def main(part, error=None):
    if part == "some":
        del MASKS["all"], MASKS["one device empty"], LOSSES["huber"], LOSSES["gaussian"]
    if error:
        setattr(Across, *PLANTED[error])
    mesh = Mesh(jax.devices(), ("batch",))
    square = Mesh(np.array(jax.devices()).reshape(2, 4), ("rows", "columns"))
    wrong = []
    for name, (loss, y) in LOSSES.items():
        for mask, keep in MASKS.items():
            given = (X, y, W, keep)
            want = jax.value_and_grad(loss)(THETA, *given)
            parted = functools.partial(loss, across="batch")
            several = functools.partial(loss, across=("rows", "columns"))
            ways = {}
            for check in (True, False):
                make = functools.partial(jax.shard_map, check_vma=check)
                inner = make(parted, mesh=mesh, in_specs=(P(), *[P("batch")] * 4), out_specs=P())
                ways[f"gradient outside, check_vma={check}"] = jax.value_and_grad(inner)

                def inside(theta, *given, check=check, parted=parted):
                    value, slope = jax.value_and_grad(parted)(theta, *given)
                    return value, slope if check else jax.lax.pmean(slope, "batch")

                ways[f"gradient inside, check_vma={check}"] = make(
                    inside, mesh=mesh, in_specs=(P(), *[P("batch")] * 4), out_specs=P()
                )
                both = make(
                    several,
                    mesh=square,
                    in_specs=(P(), *[P(("rows", "columns"))] * 4),
                    out_specs=P(),
                )
                ways[f"two axes, check_vma={check}"] = jax.value_and_grad(both)
            if part == "some":
                ways = {way: f for way, f in ways.items() if "two" not in way}
            for way, function in ways.items():
                got = jax.jit(function)(THETA, *given)
                what = f"{name}, {mask}, {way}"
                wrong += near(got[0], want[0], f"value of {what}")
                wrong += near(got[1], want[1], f"gradient of {what}")

            def each(theta, *given, parted=parted):
                value, slope = jax.value_and_grad(parted)(theta, *given)
                return value, jax.lax.pmean(slope, "batch")

            pieces = [np.reshape(x, (8, 3, *np.shape(x)[1:])) for x in given]
            got = jax.pmap(each, axis_name="batch", in_axes=(None, 0, 0, 0, 0))(THETA, *pieces)
            for i in range(8):
                wrong += near(got[0][i], want[0], f"value of {name}, {mask}, pmap {i}")
                wrong += near(got[1][i], want[1], f"gradient of {name}, {mask}, pmap {i}")
    value = jax.shard_map(
        lambda p, y: lj.huber(p, y, reduction="mean", num_items=10 * p.size, across="batch"),
        mesh=mesh, in_specs=(P("batch"), P("batch")), out_specs=P(),
    )(X, X + 1.0)  # fmt: skip
    wrong += near(value, 0.5 * 8 / 10, "num_items")
    print("\n".join(wrong) or "sound")


if __name__ == "__main__":
    main(*sys.argv[1:])
