"""One process of several: what each has of a batch, against the whole batch on one device.

    python tests/across_torch.py RANK SIZE FILE [ERROR]

It prints what is wrong, and "sound" if nothing is; with an error, one of `PLANTED`, something is.
"""

import sys

import torch
import torch.distributed as dist
from torch import nn

import losskit.torch as lt
from losskit.torch import Across

SHARDS = {
    "even": lambda n, size: [n // size] * size,
    "uneven": lambda n, size: [1, *[3] * (size - 2), n - 1 - 3 * (size - 2)],
    "one empty": lambda n, size: [0, *[(n // (size - 1))] * (size - 1)],
    "all empty": lambda n, size: [0] * size,
}
N, FEATURES, CLASSES = 24, 5, 4


def batch(loss):
    """Inputs, targets, weights and a mask of the whole; of predictions as this loss takes them."""
    torch.manual_seed(0)
    x, w = torch.randn(N, FEATURES), torch.rand(N) + 0.5
    keep = torch.rand(N) < 0.7
    if loss is lt.SparseCategoricalCrossentropy:
        y = torch.randint(0, CLASSES, (N,))
        y[::5] = -1
        return x, y, w, keep
    if loss is lt.GaussianNLL:
        return x, torch.randn(N), w, keep
    return x, torch.randn(N, CLASSES), w, keep


LOSSES = {
    lt.Huber: {},
    lt.LogCosh: {},
    lt.SparseCategoricalCrossentropy: {"from_logits": True, "ignore_class": -1},
    lt.CosineSimilarity: {},
    lt.RootMeanSquaredError: {},
    lt.GaussianNLL: {},
}


def found(model, loss, x, y, *rest, **options):
    """The loss of a model's predictions."""
    z = model(x)
    if isinstance(loss, lt.GaussianNLL):
        return loss(z[:, 0], y, nn.functional.softplus(z[:, 1]), *rest, **options)
    if not isinstance(loss, (lt.SparseCategoricalCrossentropy, lt.CosineSimilarity)):
        rest = [r if r is None else r[:, None].expand(y.shape) for r in rest]
    return loss(z, y, *rest, **options)


W = torch.tensor([0.5, 1.0, 2.0, 1.5])


def data():
    """Targets of each kind, for the whole."""
    torch.manual_seed(2)
    labels = torch.randint(0, CLASSES, (N,))
    real = torch.randn(N, CLASSES)
    listed = torch.stack([labels, (labels + 1) % CLASSES, *2 * [torch.full((N,), -1)]], 1)
    listed[::3, 1] = -1
    return {
        "labels": labels,
        "some": torch.where(torch.arange(N) % 5 == 0, -100, labels),
        "real": real,
        "hard": (real > 0).float(),
        "signs": torch.where(real > 0, 1.0, -1.0),
        "counts": real.abs().round(),
        "shares": real.softmax(1),
        "listed": listed,
    }


def sequences(z, d):
    """Three frames of each score, for one label or two."""
    labels = torch.stack([1 + d["labels"] % 3, 1 + (d["labels"] + 1) % 3], 1)
    p = torch.stack([z, 0.5 * z, -z]).log_softmax(2)
    return p, labels, [3] * len(z), (1 + d["labels"] % 2).tolist()


NAMED = {
    **{name: ({}, lambda z, d: (z, d["real"])) for name in ("MSELoss", "L1Loss", "HuberLoss")},
    "SmoothL1Loss": ({}, lambda z, d: (z, d["real"])),
    "PoissonNLLLoss": ({}, lambda z, d: (z, d["counts"])),
    "GaussianNLLLoss": (
        {},
        lambda z, d: (z[:, 0], d["real"][:, 0], nn.functional.softplus(z[:, 1])),
    ),
    "CrossEntropyLoss": ({"weight": W, "label_smoothing": 0.1}, lambda z, d: (z, d["some"])),
    "NLLLoss": ({"weight": W}, lambda z, d: (z.log_softmax(1), d["some"])),
    "BCELoss": ({}, lambda z, d: (z.sigmoid(), d["hard"])),
    "BCEWithLogitsLoss": ({"pos_weight": W}, lambda z, d: (z, d["hard"])),
    "MultiLabelSoftMarginLoss": ({"weight": W}, lambda z, d: (z, d["hard"])),
    "KLDivLoss": ({"reduction": "batchmean"}, lambda z, d: (z.log_softmax(1), d["shares"])),
    "SoftMarginLoss": ({}, lambda z, d: (z, d["signs"])),
    "HingeEmbeddingLoss": ({}, lambda z, d: (z.abs(), d["signs"])),
    "MarginRankingLoss": ({"margin": 0.5}, lambda z, d: (z[:, 0], z[:, 1], d["signs"][:, 0])),
    "CosineEmbeddingLoss": ({}, lambda z, d: (z, d["real"], d["signs"][:, 0])),
    "MultiMarginLoss": ({"weight": W}, lambda z, d: (z, d["labels"])),
    "MultiLabelMarginLoss": ({}, lambda z, d: (z, d["listed"])),
    "TripletMarginLoss": ({}, lambda z, d: (z, d["real"], d["shares"])),
    "TripletMarginWithDistanceLoss": (
        {"distance_function": lambda a, b: (a - b).abs().sum(-1)},
        lambda z, d: (z, d["real"], d["shares"]),
    ),
    "CTCLoss": ({}, sequences),
}
"""Of each of PyTorch's names: parameters, and what it takes for a model's scores."""
ROWS = ("KLDivLoss", "MultiLabelSoftMarginLoss", "MultiLabelMarginLoss", "CTCLoss")
"""Whose means are over rows, of which each has several items."""
if hasattr(nn, "LinearCrossEntropyLoss"):
    for options in (None, nn.LinearCrossEntropyOptions()):
        NAMED["LinearCrossEntropyLoss" + " in parts" * (options is not None)] = (
            {"in_features": CLASSES, "num_classes": 3, "options": options, "weight": W[:3]},
            lambda z, d: (z, torch.where(d["some"] == 3, -100, d["some"])),
        )


def module(name, **more):
    """The module of one of PyTorch's names; if it has weights, the same ones each time."""
    torch.manual_seed(3)
    return getattr(lt, name.split()[0])(**NAMED[name][0] | more)


def loss_of(name, loss, model, x, own, **more):
    """The loss of a part of the data."""
    here = {kind: y[own] for kind, y in data().items()}
    return loss(*NAMED[name][1](model(x[own]), here), **more)


def named(rank, size):
    """PyTorch's names."""
    x = batch(lt.Huber)[0]
    for name in NAMED:
        for shard in ("uneven", "one empty"):
            lengths = SHARDS[shard](N, size)
            own = slice(sum(lengths[:rank]), sum(lengths[: rank + 1]))
            torch.manual_seed(1)
            model = nn.Linear(FEATURES, CLASSES)
            want = loss_of(name, module(name), model, x, slice(sum(lengths)))
            want.backward()
            there = weights_of(model)
            model.zero_grad()
            got = loss_of(name, module(name, across=Across()), model, x, own)
            got.backward()
            grads = weights_of(model) / size
            dist.all_reduce(grads)
            yield from near(got.detach(), want.detach(), f"value of {name}, {shard}")
            yield from near(grads, there, f"gradient of {name}, {shard}")


def weights_of(model):
    return torch.cat([p.grad.reshape(-1) for p in model.parameters()])


def near(got, want, what):
    scale = want.abs().max().clamp(min=1e-3)
    off = ((got - want).abs().max() / scale).item() if want.numel() else 0.0
    return [] if off <= 2e-6 else [f"{what}: off by {off:.2g}: {got.flatten()[:3].tolist()}"]


PLANTED = {
    "count": ("count", lambda self, own: own.detach()),
    "total": ("_summed", lambda self, own: own.detach().double()),
    "states": ("states", lambda self, own: [own]),
    "rate": ("_joined", lambda self, own, whole: own + (whole - own.detach())),
}
"""A method that takes its own part for the whole."""


def main(rank, size, file, error=None):
    if error:
        setattr(Across, *PLANTED[error])
    dist.init_process_group("gloo", init_method=f"file://{file}", rank=rank, world_size=size)
    wrong = []
    for kind, options in LOSSES.items():
        x, y, w, keep = batch(kind)
        for shard, sizes in SHARDS.items():
            lengths = sizes(N, size)
            start, stop = sum(lengths[:rank]), sum(lengths[: rank + 1])
            for weighted in (False, True):
                for gradients in ("averaged", "summed"):
                    torch.manual_seed(1)
                    model = nn.Linear(FEATURES, CLASSES)
                    whole = nn.Linear(FEATURES, CLASSES)
                    whole.load_state_dict(model.state_dict())
                    own = slice(start, stop)
                    rest = [w, keep] if weighted else [None, None]
                    some = sum(lengths)
                    want = found(
                        whole, kind(**options), x[:some], y[:some], *_cut(rest, slice(some))
                    )
                    want.backward()
                    what = f"{kind.__name__}, {shard}, weighted={weighted}, {gradients}"
                    parallel = model
                    if gradients == "averaged":
                        parallel = nn.parallel.DistributedDataParallel(model)
                    loss = kind(**options, across=Across(gradients=gradients))
                    got = found(parallel, loss, x[own], y[own], *_cut(rest, own))
                    got.backward()
                    grads = weights_of(model)
                    if gradients == "summed":
                        dist.all_reduce(grads)
                    wrong += near(got.detach(), want.detach(), f"value of {what}")
                    wrong += near(grads, weights_of(whole), f"gradient of {what}")
    wrong += accumulated(rank, size)
    wrong += named(rank, size)
    dist.barrier()
    print("\n".join(wrong) or "sound")


def _cut(rest, part):
    return [r if r is None else r[part] for r in rest]


def accumulated(rank, size):
    """Two steps of uneven parts, divided by the count of all."""
    x, y, w, _ = batch(lt.Huber)
    torch.manual_seed(1)
    model = nn.Linear(FEATURES, CLASSES)
    whole = nn.Linear(FEATURES, CLASSES)
    whole.load_state_dict(model.state_dict())
    want = found(whole, lt.Huber(), x, y, w)
    want.backward()
    parallel = nn.parallel.DistributedDataParallel(model)
    loss, total = lt.Huber(across=Across()), 0.0
    edges = [0, *sorted({1 + 5 * i for i in range(2 * size - 1)} & set(range(N))), N]
    edges += [N] * (2 * size + 1 - len(edges))
    for step in range(2):
        own = slice(edges[2 * rank + step], edges[2 * rank + step + 1])
        value = found(parallel, loss, x[own], y[own], w[own], num_items=N * CLASSES)
        value.backward()
        total = total + value.detach()
    return [
        *near(total, want.detach(), "accumulated value"),
        *near(weights_of(model), weights_of(whole), "accumulated gradient"),
    ]


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:])
