"""PyTorch's own inputs, references and errors for its loss modules, asked of losskit's.

They come with PyTorch (`torch.testing._internal`), so each installed version brings its own.
"""

import copy
import pickle
from functools import cache

import pytest

torch = pytest.importorskip("torch")

import across_torch  # noqa: E402
from torch.testing._internal import common_modules  # noqa: E402

import losskit.torch  # noqa: E402
from losskit.torch.peers import MODULES  # noqa: E402

INFOS = {
    info.module_cls.__name__: info
    for info in common_modules.module_db
    if info.module_cls.__name__ in MODULES
}
DTYPES = {"float64": torch.float64, "float32": torch.float32, "float16": torch.float16}
LINEAR = (
    *("CosineEmbeddingLoss", "HingeEmbeddingLoss", "L1Loss", "MarginRankingLoss"),
    *("MultiLabelMarginLoss", "MultiMarginLoss"),
)
"""Whose second derivative is 0 but for jumps, which a difference may meet."""
TOLERANCE = {torch.float64: 1e-7, torch.float32: 1.3e-6, torch.float16: 3e-2}


def is_refused(name, sample):
    """Whether losskit raises an error where PyTorch computes a number that means nothing."""
    if name != "KLDivLoss":
        return False
    target = sample.forward_input.args[1]
    if sample.constructor_input.kwargs.get("log_target"):
        return not bool((target <= 0).all())
    return not bool(((target >= 0) & (target <= 1)).all())


def some(name, samples):
    """All, or where there are hundreds of combinations some of them."""
    return samples[::13] if name == "LinearCrossEntropyLoss" else samples


@cache
def samples(name, dtype, grad=False):
    torch.manual_seed(0)
    info = INFOS[name]
    return info.module_inputs_func(
        info, device="cpu", dtype=dtype, requires_grad=grad, training=False
    )


def cases():
    for name in INFOS:
        # Hundreds of combinations of a linear layer with arguments of the cross-entropy.
        for dtype in ["float64"] if name == "LinearCrossEntropyLoss" else DTYPES:
            if name == "CTCLoss" and dtype == "float16":
                continue  # PyTorch has none to compare with
            for i, sample in enumerate(samples(name, DTYPES[dtype])):
                yield pytest.param(name, DTYPES[dtype], i, id=f"{name}-{sample.desc}-{dtype}-{i}")


def make(name, sample):
    args = sample.constructor_input
    return getattr(losskit.torch, name)(*args.args, **args.kwargs)


def call(module, sample):
    args = sample.forward_input
    return module(*args.args, **args.kwargs)


def is_variable(x):
    return torch.is_tensor(x) and x.requires_grad


def test_every_module_has_inputs():
    asked = {i.module_cls.__name__ for i in common_modules.module_db}
    assert {n for n in asked if n.endswith("Loss")} == set(INFOS)
    # Theirs come with their functions, in test_torch_ops.
    assert set(MODULES) - set(INFOS) == {
        "TripletMarginLoss",
        "TripletMarginWithDistanceLoss",
    }


@pytest.mark.parametrize(("name", "dtype", "index"), list(cases()))
def test_value(name, dtype, index):
    sample = samples(name, dtype)[index]
    module = make(name, sample)
    if is_refused(name, sample):
        with pytest.raises(ValueError, match="target"):
            call(module, sample)
        return
    got = call(module, sample)
    theirs = INFOS[name].module_cls(
        *sample.constructor_input.args, **sample.constructor_input.kwargs
    )
    theirs.load_state_dict(module.state_dict())
    wide = [
        x.double() if torch.is_tensor(x) and x.is_floating_point() else x
        for x in sample.forward_input.args
    ]
    reference = theirs.double()(*wide)
    assert got.dtype == dtype
    assert got.shape == reference.shape
    ignored = sample.constructor_input.kwargs.get("ignore_index")
    reduces = sample.constructor_input.kwargs.get("reduction", "mean") == "mean"
    if ignored is not None and reduces and bool((sample.forward_input.args[1] == ignored).all()):
        # Nothing counts: 0 with a gradient of 0, where PyTorch has 0 / 0.
        assert got == 0
        assert reference.isnan()
        return
    tolerance = TOLERANCE[dtype]
    torch.testing.assert_close(got.double(), reference, rtol=tolerance, atol=1e-5)
    if sample.reference_fn is not None and dtype == torch.float64:
        args = copy.deepcopy(sample.forward_input)
        torch.testing.assert_close(
            got, sample.reference_fn(module, *args.args, **args.kwargs), rtol=1e-7, atol=1e-7
        )


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(n, marks=pytest.mark.exhaustive if n == "LinearCrossEntropyLoss" else ())
        for n in INFOS
    ],
)
def test_gradients(name):
    for sample in some(name, samples(name, torch.float64, True)):
        module = make(name, sample)
        tensors = [x for x in sample.forward_input.args if is_variable(x)]
        if is_refused(name, sample) or any(x.numel() > 400 for x in tensors):
            continue
        if len({id(x) for x in tensors}) < len(tensors):
            continue  # one tensor as input and target: its derivatives cannot be told apart

        def run(*given, module=module, args=sample.forward_input.args):
            new = iter(given)
            return module(*(next(new) if is_variable(x) else x for x in args))

        assert torch.autograd.gradcheck(
            run, tensors, check_forward_ad=True, check_batched_grad=True, fast_mode=True
        )
        if name not in LINEAR:
            assert torch.autograd.gradgradcheck(run, tensors, fast_mode=True)


@pytest.mark.parametrize("name", INFOS)
def test_module_manners(name, tmp_path):
    for sample in some(name, samples(name, torch.float32)):
        module = make(name, sample)
        if is_refused(name, sample):
            continue
        want = call(module, sample)
        assert isinstance(module, INFOS[name].module_cls)
        for other in (
            pickle.loads(pickle.dumps(module)),
            copy.deepcopy(module),
            torch.load(_saved(module, tmp_path), weights_only=False),
        ):
            assert torch.equal(call(other, sample), want)
        fresh = make(name, sample)
        fresh.load_state_dict(module.state_dict())
        made = sample.constructor_input
        assert repr(module) == repr(INFOS[name].module_cls(*made.args, **made.kwargs))
        strided = [_noncontiguous(x) for x in sample.forward_input.args]
        torch.testing.assert_close(module(*strided), want)
        if want.ndim == 0:
            trained = any(p.requires_grad for p in module.parameters())
            assert module(*strided).requires_grad is trained


def _saved(module, folder):
    torch.save(module, folder / "module.pt")
    return folder / "module.pt"


def _noncontiguous(x):
    if not torch.is_tensor(x) or x.ndim == 0:
        return x
    return torch.repeat_interleave(x, 2, dim=-1)[..., ::2]


def errors():
    for name, info in INFOS.items():
        if info.module_error_inputs_func is None:
            continue
        found = info.module_error_inputs_func(
            info, device="cpu", dtype=torch.float32, requires_grad=False, training=False
        )
        for i, error in enumerate(found):
            yield pytest.param(name, error, id=f"{name}-{i}")


@pytest.mark.parametrize(("name", "error"), list(errors()))
def test_what_pytorch_refuses(name, error):
    with pytest.raises((TypeError, ValueError, RuntimeError, IndexError)):
        call(make(name, error.module_error_input), error.module_error_input)


def test_every_name_is_asked_for_the_mean_of_parts():
    assert {name.split()[0] for name in across_torch.NAMED} == set(MODULES)


@pytest.mark.parametrize("name", across_torch.NAMED)
def test_parts_add_up_to_the_whole(name):
    x = across_torch.batch(losskit.torch.Huber)[0]
    model = torch.nn.Linear(across_torch.FEATURES, across_torch.CLASSES)
    whole = slice(0, across_torch.N)

    def loss(own, reduction=None, **more):
        given = {} if reduction is None else {"reduction": reduction}
        made = across_torch.module(name, **given)
        return across_torch.loss_of(name, made, model, x, own, **more)

    want = loss(whole)
    number = across_torch.N if name in across_torch.ROWS else (loss(whole, "sum") / want).item()
    parts = [slice(0, 1), slice(1, 6), slice(6, 6), slice(6, across_torch.N)]
    got = sum(loss(part, num_items=number) for part in parts)
    torch.testing.assert_close(got, want, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(
        *(torch.autograd.grad(value, list(model.parameters())) for value in (got, want)),
        rtol=1e-5,
        atol=1e-6,
    )
    torch.testing.assert_close(loss(whole, num_items=torch.tensor(number)), want)


@pytest.mark.parametrize("name", across_torch.NAMED)
def test_the_mean_of_nothing(name):
    x = across_torch.batch(losskit.torch.Huber)[0]
    model = torch.nn.Linear(across_torch.FEATURES, across_torch.CLASSES)
    for on_empty in ("zero", "nan"):
        made = across_torch.module(name, on_empty=on_empty)
        value = across_torch.loss_of(name, made, model, x, slice(0, 0))
        assert value.isnan() if on_empty == "nan" else value == 0
        by_weights = torch.autograd.grad(value, list(model.parameters()))
        assert not any(slope.any() for slope in by_weights)
