"""Parts of the data, merged and combined, are the whole's loss on every face."""

import functools

import grid
import numpy as np
import pytest

from losskit.core.families import Setwise
from losskit.core.packing import Packed

CARDS = [card for card in grid.settings() if grid.is_usual(card) and not isinstance(card, Packed)]


def pieces(card):
    """Targets, predictions, weights and a mask of the items, and the chunks to cut them into."""
    y, p = grid.inputs(card, np.float32)
    loss = grid.loss_of(card)
    shape = p.shape if isinstance(card, Setwise) else loss.elementwise(y, p).shape
    rng = np.random.default_rng(2)
    w, keep = rng.uniform(0.5, 2.0, shape).astype("f4"), rng.random(shape) < 0.7
    want = float(loss(y, p.astype(float), w, mask=keep))
    chunks = [slice(0, 1), slice(1, 8), slice(8, len(p))]
    if shape != p.shape[:1] and not isinstance(card, Setwise):
        chunks = [slice(0, len(p))]  # rows along the first axis: one part
    return (y, p, w, keep), chunks, want


@pytest.mark.parametrize("card", CARDS, ids=repr)
def test_torch(card):
    torch = pytest.importorskip("torch")
    import losskit.torch as lt

    given, chunks, want = pieces(card)
    y, p, w, keep = map(torch.tensor, given)
    loss = getattr(lt, type(card).__name__)(**card.parameters())
    parts = [loss.parts(p[c], y[c], w[c], mask=keep[c]) for c in chunks]
    assert loss.combine(*functools.reduce(loss.merge, parts)).item() == pytest.approx(want, 2e-5)
    nothing = loss.parts(p, y, torch.zeros_like(w), torch.zeros_like(keep))
    assert loss.combine(*nothing).item() == 0.0
    assert loss.combine(*loss.merge(nothing, functools.reduce(loss.merge, parts))).item() == (
        pytest.approx(want, 2e-5)
    )


@pytest.mark.parametrize("card", CARDS, ids=repr)
def test_jax(card):
    pytest.importorskip("jax")
    import losskit.jax as lj

    (y, p, w, keep), chunks, want = pieces(card)
    options, name = card.parameters(), card.name
    parts = [lj.parts(name, p[c], y[c], weight=w[c], where=keep[c], **options) for c in chunks]
    merge = functools.partial(lj.merge, name, **options)
    whole = lj.combine(name, *functools.reduce(merge, parts), **options)
    assert float(whole) == pytest.approx(want, 2e-5)
    nothing = lj.parts(name, p, y, where=np.zeros_like(keep), **options)
    assert np.isnan(lj.combine(name, *nothing, on_empty="nan", **options))
