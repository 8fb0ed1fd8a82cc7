"""PyTorch's own inputs for the functions of `torch.nn.functional`, asked of losskit's.

They come with PyTorch (`torch.testing._internal`), so each installed version brings its own.
"""

import pytest

torch = pytest.importorskip("torch")

from torch.testing._internal import common_methods_invocations  # noqa: E402

import losskit.torch  # noqa: E402
from losskit.torch.peers import FUNCTIONS  # noqa: E402

PREFIX = "nn.functional."
OPS = {
    (op.name.removeprefix(PREFIX), op.variant_test_name): op
    for op in common_methods_invocations.op_db
    if op.name.removeprefix(PREFIX) in FUNCTIONS and op.name.startswith(PREFIX)
}


def test_nearly_every_function_has_inputs():
    assert set(FUNCTIONS) - {name for name, _ in OPS} == set()


def signs(x):
    return torch.where(x.detach() > 0, 1.0, -1.0).to(x.dtype)


# PyTorch draws targets that mean nothing to these losses, and that losskit refuses.
DOMAINS = {
    "soft_margin_loss": signs,
    "hinge_embedding_loss": signs,
    "cosine_embedding_loss": signs,
    "margin_ranking_loss": signs,
    "multilabel_soft_margin_loss": lambda x: x.detach().sigmoid(),
}


def broadcasts(name, args):
    """Whether a target of another shape is stretched to the input's: losskit refuses to."""
    return name == "gaussian_nll_loss" and args[0].shape != args[1].shape


@pytest.mark.filterwarnings("ignore:linear_cross_entropy.*ignored")
@pytest.mark.parametrize(("name", "variant"), OPS)
def test_same_values_and_gradients(name, variant):
    op = OPS[name, variant]
    ours = getattr(losskit.torch, name)
    asked = 0
    torch.manual_seed(0)
    for sample in op.sample_inputs("cpu", torch.float64, requires_grad=True):
        args = [sample.input, *sample.args]
        if name in DOMAINS:
            args[-1] = DOMAINS[name](args[-1])
        if broadcasts(name, args):
            with pytest.raises(ValueError, match="must have the same shape"):
                ours(*args, **sample.kwargs)
            continue
        got, want = ours(*args, **sample.kwargs), op.op(*args, **sample.kwargs)
        asked += 1
        if want.isnan().all():  # nothing counts
            assert not got.any()
            continue
        torch.testing.assert_close(got, want, rtol=1e-7, atol=1e-7)
        if name == "ctc_loss":
            continue  # its gradient there is another, and documented: see test_sequence
        tensors = [x for x in args if torch.is_tensor(x) and x.requires_grad]
        upstream = torch.randn_like(want)
        pairs = zip(
            torch.autograd.grad(got, tensors, upstream, allow_unused=True),
            torch.autograd.grad(want, tensors, upstream, allow_unused=True),
            strict=True,
        )
        for i, (mine, theirs) in enumerate(pairs):
            if theirs is None:
                assert mine is None or not mine.any()
            else:
                torch.testing.assert_close(mine, theirs, rtol=1e-6, atol=1e-7, msg=f"{name} {i}")
    assert asked
