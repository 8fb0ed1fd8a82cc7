"""A small network on handwritten digits, in PyTorch: one import line differs from torch.nn's.

python examples/digits_torch.py
"""

import digits
import torch
from torch import nn

from losskit.torch import CrossEntropyLoss


def model():
    first, second = nn.Linear(64, 32), nn.Linear(32, 10)
    with torch.no_grad():
        for layer, (w, b) in zip((first, second), digits.layers(), strict=True):
            layer.weight.copy_(torch.from_numpy(w).T)
            layer.bias.copy_(torch.from_numpy(b))
    return nn.Sequential(first, nn.ReLU(), second)


def train(steps=50, rate=0.5):
    """The loss before each step."""
    x, y = (torch.from_numpy(a) for a in digits.images_and_labels())
    network, loss = model(), CrossEntropyLoss()
    optimizer = torch.optim.SGD(network.parameters(), rate)
    curve = []
    for batch in digits.batches(steps):
        optimizer.zero_grad()
        value = loss(network(x[batch]), y[batch])
        value.backward()
        optimizer.step()
        curve.append(value.item())
    return curve


if __name__ == "__main__":
    for step, value in enumerate(train()):
        if step % 7 == 0:
            print(f"step {step:2d}  loss {value:.4f}")
