"""losskit in PyTorch: the functions of `torch.nn.functional` by their names, with autograd."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

import losskit
import losskit.torch
from benchmarks.cases import Arrays, Case
from benchmarks.peers import Form, Row, Rows
from benchmarks.peers.torch_ import backward, inference, read_both, read_value

LOSSES: dict[str, Callable[..., Any]] = {
    "mse": losskit.torch.mse_loss,
    "mae": losskit.torch.l1_loss,
    "huber": losskit.torch.huber_loss,
    "log_cosh": losskit.torch.log_cosh,
    "bce": losskit.torch.binary_cross_entropy_with_logits,
    "poisson": losskit.torch.poisson,
    "sparse_ce": losskit.torch.cross_entropy,
    "dense_ce": losskit.torch.cross_entropy,
}


def start(threads: int) -> dict[str, str]:
    torch.set_num_threads(threads)
    losskit.set_num_threads(threads)
    return {"losskit": losskit.__version__, "torch": torch.__version__}


def make(case: Case, arrays: Arrays) -> Rows:
    p, y = torch.from_numpy(arrays.p), torch.from_numpy(arrays.y)
    if case.loss == "sparse_ce":
        y = y.long()
    loss = LOSSES[case.loss]
    if not case.with_gradient:
        return {"losskit-torch": Row([Form("losskit", inference(loss, p, y))], read_value)}
    leaf = p.detach().requires_grad_()
    return {"losskit-torch": Row([Form("losskit", backward(loss, leaf, y))], read_both)}


def clear() -> None:
    losskit.native.free_kept_memory()
