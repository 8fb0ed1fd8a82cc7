"""The tables of foreign names: each row says what the other library's function says and does."""

import dataclasses
import inspect

import grid
import numpy as np
import pytest

from losskit.core.definition import find
from losskit.core.packing import packed
from losskit.peers import TABLES, elsewhere, kind, optax, torch
from losskit.peers.row import docstring

torch_ = pytest.importorskip("torch")
jnp = pytest.importorskip("jax.numpy")
theirs = pytest.importorskip("optax").losses

import losskit.jax.peers as of_optax  # noqa: E402
import losskit.torch.peers as of_torch  # noqa: E402

F = torch_.nn.functional
PLAIN = ("", "by weights")
"""Rows that say all there is to say: their arguments are targets and predictions as the card's."""


def given(name):
    return [name for name in torch.ROWS if hasattr(F, name)] if name == "torch" else [*optax.ROWS]


@pytest.mark.parametrize("name", given("torch"))
def test_torch_signature(name):
    row, own = torch.ROWS[name], inspect.signature(getattr(F, name)).parameters
    ours = {n: p.default for n, p in row.parameters.items()}
    assert list(ours)[: len(own)] == list(own)
    # What is more is a keyword of ours.
    assert all(
        row.parameters[n].kind is inspect.Parameter.KEYWORD_ONLY for n in ours if n not in own
    )
    assert [ours[n] for n in own] == [p.default for p in own.values()]


@pytest.mark.parametrize("name", given("torch"))
def test_torch_constructor(name):
    row = torch.ROWS[name]
    own = inspect.signature(getattr(torch_.nn, row.module)).parameters
    ours = {n: p for n, p in row.options.items() if n != "num_items"}
    assert {n: (ours[n].kind, ours[n].default) for n in ours if n in own} == {
        n: (p.kind, p.default) for n, p in own.items()
    }
    assert list(ours)[: len(own)] == list(own)
    made = inspect.signature(of_torch.MODULES[row.module]).parameters
    assert [*made] == [*ours]


@pytest.mark.parametrize("name", given("optax"))
def test_optax_signature(name):
    own = inspect.signature(getattr(theirs, name)).parameters
    ours = inspect.signature(of_optax.FUNCTIONS[name]).parameters
    assert [n for n in ours if n in own] == list(own)
    assert {n for n in ours if n not in own} <= {"axis", "where"}
    assert all(ours[n].default == p.default for n, p in own.items() if n != "where")


def arrays(row):
    """What the row's card takes, predictions first, all finite."""
    card = packed(row.made({n: p.default for n, p in row.parameters.items()}))
    y, p = grid.inputs(card, np.float32, "ordinary")
    if card.target.values:
        y = np.where(y == 0, np.float32(-1), y)
    if row.name == "sparsemax_loss":  # optax reads soft labels as true
        y = np.round(y)
    if row.name == "ntxent":  # optax takes one set
        y, p = y[0], p[0]
    return grid.in_order(card, grid.arrays(card, y[:64], p[:64]))


def torch_holds(row):
    given = [torch_.as_tensor(x) for x in arrays(row)]
    options = {"reduction": "none"}
    got, want = (f(*given, **options) for f in (of_torch._function(row), getattr(F, row.name)))
    np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-5)


def optax_holds(row):
    given = [jnp.asarray(x) for x in arrays(row)]
    got, want = (f(*given) for f in (of_optax._function(row), getattr(theirs, row.name)))
    np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-5)


TORCH = [row for row in torch.ROWS.values() if row.form in PLAIN]


@pytest.mark.parametrize("row", TORCH, ids=lambda row: row.name)
def test_torch_value(row):
    torch_holds(row)


OPTAX = [row for row in optax.ROWS.values() if row.form != "whole"]


@pytest.mark.parametrize("row", OPTAX, ids=lambda row: row.name)
def test_optax_value(row):
    optax_holds(row)


@pytest.mark.parametrize(
    ("row", "change"),
    [
        ("huber_loss", {"takes": "input, target, reduction='mean', delta=2.0, weight=None"}),
        ("smooth_l1_loss", {"card": "huber", "named": {"delta": "beta"}, "given": {"delta": 2.0}}),
        ("poisson_nll_loss", {"given": {"log_input": False}}),
        ("binary_cross_entropy", {"given": {"label_smoothing": 0.1}}),
    ],
)
def test_an_error_in_a_row_of_torchs_is_seen(row, change):
    with pytest.raises((AssertionError, ValueError, TypeError)):
        torch_holds(dataclasses.replace(torch.ROWS[row], **change))


@pytest.mark.parametrize(
    ("row", "change"),
    [
        ("softmax_cross_entropy", {"given": {"from_logits": True, "label_smoothing": 0.01}}),
        ("sigmoid_focal_loss", {"switches": {}}),
        ("l2_loss", {"form": "elements"}),
        ("kl_divergence", {"card": "generalized_log_kl_divergence"}),
        ("ntxent", {"given": {"temperature": 0.1}}),
    ],
)
def test_an_error_in_a_row_of_optaxs_is_seen(row, change):
    with pytest.raises((AssertionError, ValueError, TypeError)):
        optax_holds(dataclasses.replace(optax.ROWS[row], **change))


def test_every_row_names_a_card_and_explains_its_arguments():
    for place, rows in TABLES.items():
        for row in rows.values():
            for card in (row.card, row.dense, *row.of, (row.instead or ("", 0, ""))[2]):
                assert not card or find(card).name == card
            assert f"`{place}.{row.name}`" in docstring(row, place, {})
    for of_peer in (of_torch, of_optax):
        for name, function in of_peer.FUNCTIONS.items():
            told = inspect.getdoc(function).split("Raises:")[0]
            if name in torch.ROWS | optax.ROWS:
                assert all(f"    {p}: " in told for p in inspect.signature(function).parameters), (
                    name
                )


def test_a_loss_says_what_it_is_called_elsewhere():
    assert elsewhere("huber") == {
        "keras.losses": ["Huber"],
        "torch.nn": ["HuberLoss"],
        "optax.losses": ["huber_loss"],
    }
    assert "CrossEntropyLoss" in elsewhere("categorical_crossentropy")["torch.nn"]
    assert elsewhere("info_nce") == {}
    for card, name in (
        ("nt_xent", "ntxent"),
        ("triplet_margin", "triplet_margin_loss"),
        ("soft_dice", "dice_loss"),
        ("ctc", "ctc_loss"),
        ("ranking_softmax", "ranking_softmax_loss"),
        ("cosine_similarity", "cosine_distance"),
    ):
        assert name in elsewhere(card)["optax.losses"]


def test_every_loss_of_optax_has_a_row():
    assert {name for name in dir(theirs) if callable(getattr(theirs, name))} <= {*optax.ROWS}


def test_the_kind_of_a_loss_by_any_of_its_names():
    """Also where it takes other arrays than the card, as the check must know."""
    for table in TABLES.values():
        for row in table.values():
            for name in filter(None, (row.name, row.module) if row.card else ()):
                assert kind(name) is not None, name
    kinds = {
        "CTCLoss": "ctc",
        "ctc_loss_with_forward_probs": "ctc",
        "CosineEmbeddingLoss": "cosine_embedding",
        "TripletMarginWithDistanceLoss": "triplet_margin",
        "NLLLoss2d": "negative_log_likelihood",
        "dice_loss": "soft_dice",
    }
    assert {name: kind(name).name for name in kinds} == kinds
    assert kind("my_own_loss") is None
