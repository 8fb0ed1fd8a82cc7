"""The same training in one process, in two, and in steps of parts: the same curve.

    python examples/devices_torch.py

In two processes (`DistributedDataParallel`) each shows its part of a batch, a third and two thirds,
and `across` makes the loss that of the whole batch. In steps of parts (gradient accumulation)
`num_items` does: each part adds its share, and the gradients add up to the whole's.
"""

import sys
import tempfile
from pathlib import Path

import digits
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from torch import nn

import losskit.torch as lt

STEPS, SIZE = 20, 128


def network():
    """The network that all start from."""
    layers = [nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10)]
    with torch.no_grad():
        for layer, (weight, bias) in zip(layers[::2], digits.layers(), strict=True):
            layer.weight.copy_(torch.tensor(weight.T))
            layer.bias.copy_(torch.tensor(bias))
    return nn.Sequential(*layers)


def train(loss, parts_of, parallel=lambda model: model):
    """The losses of the steps; `loss` is called for each part of a batch, one after the other."""
    images, labels = map(torch.tensor, digits.images_and_labels())
    model = network()
    shown, curve = parallel(model), []
    optimizer = torch.optim.SGD(model.parameters(), 0.5)
    for batch in digits.batches(STEPS, SIZE):
        optimizer.zero_grad()
        total = 0.0
        for part in parts_of(batch):
            value = loss(shown(images[part]), labels[part])
            value.backward()
            total += value.item()
        optimizer.step()
        curve.append(total)
    return curve


def at_once():
    """All of a batch in one process."""
    return train(lt.SparseCategoricalCrossentropy(from_logits=True), lambda batch: [batch])


def in_parts():
    """Gradient accumulation: parts of 50, 50 and 28."""
    loss = lt.SparseCategoricalCrossentropy(from_logits=True)
    return train(
        lambda p, y: loss(p, y, num_items=SIZE),
        lambda batch: [batch[:50], batch[50:100], batch[100:]],
    )


def process(rank, folder):
    """One of two processes, which see a third and two thirds of every batch."""
    store = f"file://{folder}/store"
    dist.init_process_group("gloo", init_method=store, rank=rank, world_size=2)
    loss = lt.SparseCategoricalCrossentropy(from_logits=True, across=lt.Across())
    part = slice(SIZE // 3) if rank == 0 else slice(SIZE // 3, None)
    curve = train(loss, lambda batch: [batch[part]], nn.parallel.DistributedDataParallel)
    Path(folder, f"{rank}").write_text(" ".join(map(repr, curve)))
    dist.destroy_process_group()


def in_two_processes():
    """What both say."""
    with tempfile.TemporaryDirectory() as folder:
        mp.spawn(process, (folder,), nprocs=2)
        first, second = (Path(folder, f"{rank}").read_text() for rank in range(2))
    assert first == second
    return [float(x) for x in first.split()]


if __name__ == "__main__":
    for name, way in (
        ("at once", at_once),
        ("in parts", in_parts),
        ("two processes", in_two_processes),
    ):
        curve = way()
        print(f"{name:14s} loss {curve[0]:.6f} at first, {curve[-1]:.6f} after {STEPS} steps")
    sys.stdout.flush()
