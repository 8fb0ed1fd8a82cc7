"""PyTorch, eager and under torch.compile.

Eager: the functions of `torch.nn.functional` with autograd on a leaf whose gradient is dropped each
time, and the same by hand in place, which saves autograd's temporaries. Compiled: `grad_and_value`,
from which the compiler makes one loop, and for cross-entropies by hand, where it makes a better
one.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from typing import Any

# Before the import: a pool of compilers would keep processes of its own.
os.environ.setdefault("TORCHINDUCTOR_COMPILE_THREADS", "1")

import torch
import torch._dynamo
from torch.nn import functional as F

from benchmarks.cases import Array, Arrays, Case
from benchmarks.peers import Form, Row, Rows

Tensor = Any
LOG_2 = math.log(2.0)


def start(threads: int) -> dict[str, str]:
    torch.set_num_threads(threads)
    return {"torch": torch.__version__}


# --- losses of (prediction, target) ---------------------------------------------------------------


def log_cosh(p: Tensor, y: Tensor) -> Tensor:
    d = p - y
    return (d + F.softplus(-2.0 * d)).mean() - LOG_2


def poisson(p: Tensor, y: Tensor) -> Tensor:
    return F.poisson_nll_loss(p, y, log_input=False, eps=0.0)


LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "mse": F.mse_loss,
    "mae": F.l1_loss,
    "huber": F.huber_loss,
    "log_cosh": log_cosh,
    "bce": F.binary_cross_entropy_with_logits,
    "poisson": poisson,
    "sparse_ce": F.cross_entropy,
    "dense_ce": F.cross_entropy,
}


# --- value and gradient by hand -------------------------------------------------------------------


def mse_by_hand(p: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    d = p - y
    value = torch.dot(d, d) / len(p)
    return value, d.mul_(2.0 / len(p))


def mae_by_hand(p: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    d = p - y
    s = d.sign()
    value = torch.dot(d, s) / len(p)
    return value, s.mul_(1.0 / len(p))


def huber_by_hand(p: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    d = p - y
    c = d.clamp(-1.0, 1.0)
    value = (torch.dot(c, d) - 0.5 * torch.dot(c, c)) / len(p)
    return value, c.mul_(1.0 / len(p))


def log_cosh_by_hand(p: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    d = p - y
    value = F.softplus(-2.0 * d).add_(d).mean() - LOG_2
    return value, d.tanh_().mul_(1.0 / len(p))


def bce_by_hand(z: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    value = F.binary_cross_entropy_with_logits(z, y)
    return value, torch.sigmoid(z).sub_(y).mul_(1.0 / len(z))


def poisson_by_hand(p: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    value = (p.sum() - torch.dot(y, p.log())) / len(p)
    return value, (p - y).div_(p).mul_(1.0 / len(p))


def sparse_ce_by_hand(z: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    log_p = torch.log_softmax(z, 1)
    value = F.nll_loss(log_p, y)
    g = log_p.exp_()
    g[torch.arange(len(y)), y] -= 1.0
    return value, g.mul_(1.0 / len(y))


def dense_ce_by_hand(z: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    log_p = torch.log_softmax(z, 1)
    value = -torch.dot(log_p.flatten(), y.flatten()) / len(y)
    return value, log_p.exp_().sub_(y).mul_(1.0 / len(y))


def sparse_ce_to_compile(z: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    log_p = torch.log_softmax(z, 1)
    # A comparison fuses with the rest of the loop, an index does not.
    hot = (torch.arange(z.shape[1]) == y[:, None]).to(z.dtype)
    return F.nll_loss(log_p, y), (log_p.exp() - hot) / len(y)


def dense_ce_to_compile(z: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    log_p = torch.log_softmax(z, 1)
    return -(log_p * y).sum() / len(y), (log_p.exp() - y) / len(y)


BY_HAND: dict[str, Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]] = {
    "mse": mse_by_hand,
    "mae": mae_by_hand,
    "huber": huber_by_hand,
    "log_cosh": log_cosh_by_hand,
    "bce": bce_by_hand,
    "poisson": poisson_by_hand,
    "sparse_ce": sparse_ce_by_hand,
    "dense_ce": dense_ce_by_hand,
}
TO_COMPILE: dict[str, Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]] = {
    "sparse_ce": sparse_ce_to_compile,
    "dense_ce": dense_ce_to_compile,
}


# --- the rows -------------------------------------------------------------------------------------


def make(case: Case, arrays: Arrays) -> Rows:
    p = torch.from_numpy(arrays.p)
    y = torch.from_numpy(arrays.y)
    if case.loss == "sparse_ce":
        y = y.long()  # the labels of torch are int64
    loss = LOSSES[case.loss]
    if not case.with_gradient:
        eager = [Form("functional", inference(loss, p, y))]
        compiled = [Form("functional", inference(_compiled(loss), p, y))]
        return {
            "torch": Row(eager, read_value),
            "torch-autograd": Row(eager, read_value),
            "torch-compile": Row(compiled, read_value),
        }
    leaf = p.detach().requires_grad_()
    autograd = Form("autograd", backward(loss, leaf, y))
    eager = [autograd, Form("by hand", inference(BY_HAND[case.loss], p, y))]
    both = _compiled(torch.func.grad_and_value(loss))
    compiled = [Form("grad_and_value", lambda: both(p, y)[::-1])]
    if case.loss in TO_COMPILE:
        compiled.append(Form("by hand", inference(_compiled(TO_COMPILE[case.loss]), p, y)))
    return {
        "torch": Row(eager, read_both),
        "torch-autograd": Row([autograd], read_both),
        "torch-compile": Row(compiled, read_both),
    }


def clear() -> None:
    torch._dynamo.reset()


def _compiled(f: Callable[..., Any]) -> Callable[..., Any]:
    # One shape per case: what is known when compiling makes a faster loop.
    compiled: Callable[..., Any] = torch.compile(f, dynamic=False)
    return compiled


def inference(f: Callable[..., Any], p: Tensor, y: Tensor) -> Callable[[], Any]:
    def call() -> Any:
        with torch.inference_mode():
            return f(p, y)

    return call


def backward(loss: Callable[..., Any], leaf: Tensor, y: Tensor) -> Callable[[], Any]:
    def call() -> Any:
        leaf.grad = None
        value = loss(leaf, y)
        value.backward()
        gradient, leaf.grad = leaf.grad, None
        return value, gradient

    return call


def read_value(result: Any) -> tuple[float, None]:
    return float(result), None


def read_both(result: Any) -> tuple[float, Array]:
    return float(result[0].detach()), result[1].detach().numpy()
