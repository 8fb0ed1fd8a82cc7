"""Programs: every card of elements or rows by the interpreter, held to its formulas by NumPy."""

from __future__ import annotations

import dataclasses
import math
import os
import threading
from dataclasses import dataclass
from typing import Any

import grid
import numpy as np
import pytest

import losskit
from losskit import native
from losskit.core.definition import CARDS as CARD_CLASSES
from losskit.core.definition import REAL, parameter
from losskit.core.families import Residual, Rowwise, is_rowwise, placed
from losskit.core.slots import item_shape
from losskit.engine.call import aligned
from losskit.engine.numpy import NUMPY
from losskit.native import evaluate, library, programs
from losskit.programs import lower, symbols

if not native.available():
    pytest.skip("the kernels were not built", allow_module_level=True)

BOUNDS = {"float64": 1e-11, "float32": 2e-4, "float16": 4e-3, "bfloat16": 3e-2}
"""How far program and formulas may differ, of a number's size and a hundredth of the largest."""

CARDS = [
    card
    for card in (placed(getattr(card, "card", card), (37, 5)) for card in grid.settings())
    if programs.takes(card)
    and getattr(card, "axis", -1) != 0
    and programs.program(card, evaluate.VALUE, 3) is not None
]


def test_most_cards_have_a_program():
    every = [getattr(card, "card", card) for card in grid.settings()]
    without = {card.name for card in every} - {card.name for card in CARDS}
    assert without <= {
        *("circle", "ctc", "cox_partial_likelihood", "info_nce", "nt_xent"),  # sets and sequences
        "lovasz_softmax",  # rows of pixels, one for each class
        "root_mean_squared_error",  # by the loss within it
    }


def drawn(card: Any, dtype: Any, rows: int, classes: int) -> tuple[Any, ...]:
    """What a card takes, slot by slot."""
    if len(card.slots) > 2:
        rng = np.random.default_rng(1)
        shapes = [(rows, classes) if slot.dims else (rows,) for slot in card.slots]
        return tuple(
            _some(rng, slot.domain, shape).astype(dtype)
            for slot, shape in zip(card.slots, shapes, strict=True)
        )
    y, p = grid.ordinary(card, dtype, rows=rows, classes=classes)[:2]
    return tuple(np.asarray(x) for x in grid.arrays(card, y, p))


def _some(rng: Any, domain: Any, shape: tuple[int, ...]) -> Any:
    values = domain.values
    return rng.choice(values, shape) if values else grid._random(rng, domain, shape, False)


def by_program(card: Any, arrays: Any, weight: Any = None, keep: Any = None) -> Any:
    """The call by a program, whether or not there are compiled loops too."""
    call = aligned(NUMPY, card, arrays, weight, keep)
    card, shape = call.card, call.prediction.shape
    by = programs.layout(card).predicted
    common = (call.weight, call.keep, item_shape(card, shape), programs.rows(card, shape))
    known = evaluate.computed_in(call.prediction.dtype)
    made = evaluate._by_program(card, call.arrays, *known, common, by)
    assert made is not None, card
    return made


def evaluated(card: Any, arrays: Any, *rest: Any, outs: Any = None) -> tuple[Any, Any, Any]:
    """(sum, items, slopes times a half) by the program."""
    call = by_program(card, arrays, *rest)
    slopes = outs or tuple(
        [
            np.empty(x.shape, x.dtype)
            for slot, x in zip(card.slots, arrays, strict=False)
            if slot.predicted
        ]
    )
    items = np.empty(call.shape, call.out_dtype)
    found = call.run(0.5, value=True, items=items, slope=slopes)
    assert found is not None, card
    return found[0], items, slopes


def compare(card: Any, arrays: tuple[Any, ...], *rest: Any) -> None:
    total, items, slopes = evaluated(card, arrays, *rest)
    half = arrays[card.main].dtype.itemsize == 2  # how much a number can tell is part of a loss
    wide = [x if half or x.dtype.kind in "iub" else x.astype(np.float64) for x in arrays]
    weight, keep = (*rest, None, None)[:2]
    loss = loss_of(card, reduction="none")
    with native.switched(False), np.errstate(all="ignore"):
        want = loss.elementwise(*wide, weight, mask=keep)
        gradients = loss.gradient(*wide, weight, mask=keep)
    gradients = gradients if isinstance(gradients, tuple) else (gradients,)
    name = arrays[card.main].dtype.name
    near(items, want, BOUNDS[items.dtype.name])
    assert math.isclose(total, np.sum(items, dtype=np.float64), rel_tol=1e-5, abs_tol=1e-5)
    for slope, gradient in zip(slopes, gradients, strict=True):
        near(slope, 0.5 * gradient, BOUNDS[name])


def loss_of(card: Any, **options: Any) -> Any:
    return getattr(losskit, type(card).__name__)(**card.parameters(), **options)


def near(got: Any, want: Any, bound: float) -> None:
    got, want = got.astype(np.float64), np.asarray(want, np.float64)
    scale = np.abs(want) + np.max(np.abs(want), initial=0.0) * 1e-2 + 1e-30
    least = 6e-8 if bound == BOUNDS["float16"] else 0.0  # its smallest number
    off = np.where(np.abs(got - want) <= least, 0.0, np.abs(got - want) / scale)
    assert got.shape == want.shape
    assert np.array_equal(np.isnan(got), np.isnan(want))
    assert not np.any(off > bound), np.nanmax(off)


@pytest.mark.parametrize("card", CARDS, ids=str)
@pytest.mark.parametrize(
    "classes", [5, *(pytest.param(n, marks=pytest.mark.exhaustive) for n in (3, 33, 100))]
)
def test_program_is_formula(card: Any, classes: int):
    for dtype in (np.float32, np.float64) if is_rowwise(card) else (np.float32,):
        compare(card, drawn(card, dtype, 37, classes))


@pytest.mark.exhaustive
@pytest.mark.parametrize("card", CARDS, ids=str)
@pytest.mark.parametrize(("rows", "classes"), [(3, 5000), (2, 40001), (2000, 3), (300, 257)])
def test_program_is_formula_at_length(card: Any, rows: int, classes: int):
    if not is_rowwise(card):
        classes = 1
    compare(card, drawn(card, np.float32, rows, classes))


def usual(*names: str) -> list[Any]:
    found = {type(card).name: card for card in reversed(CARDS)}
    return [found[name] for name in names]


ROWS = usual(
    *("categorical_focal_crossentropy", "kl_divergence", "cosine_similarity", "multi_margin"),
    *("triplet_margin", "sparse_categorical_crossentropy", "categorical_hinge"),
    *("sparsemax", "multi_label_margin", "lovasz_hinge"),  # of whole rows, however long
)


@pytest.mark.parametrize("card", ROWS, ids=str)
@pytest.mark.parametrize(("rows", "classes"), [(5, 20001), (37, 5), (37, 100)])
def test_weights_and_masks_leave_out_whatever_lies_there(card: Any, rows: int, classes: int):
    arrays = drawn(card, np.float32, rows, classes)
    weight = np.linspace(0.0, 2.0, rows, dtype=np.float32)
    keep = np.arange(rows) % 3 != 1
    junk = []
    for slot, x in zip(card.slots, arrays, strict=True):
        x = x.copy()
        x[1::3] = -7 if slot.domain.labels else np.nan
        x[0] = 10**6 if slot.domain.labels else np.inf
        junk.append(x)
    _, items, slopes = evaluated(card, tuple(junk), weight, keep)
    _, clean, gradients = evaluated(card, arrays, weight, keep)
    np.testing.assert_array_equal(items, clean)
    for slope, gradient in zip(slopes, gradients, strict=True):
        np.testing.assert_array_equal(slope, gradient)
    assert (items[1::3] == 0).all()
    assert (items[2::3] != 0).any()
    compare(card, arrays, weight, keep)


@pytest.mark.parametrize("card", ROWS, ids=str)
@pytest.mark.parametrize("classes", [3, 70, 3000])
def test_rows_along_any_axis_and_in_any_memory(card: Any, classes: int):
    """Rows along the first axis or one within; arrays of other strides, types and places."""
    arrays = drawn(card, np.float32, 6, classes)
    total, items, slopes = evaluated(card, arrays)
    across = dataclasses.replace(card, axis=0)
    turned = tuple(x.T if x.ndim > 1 else x for x in arrays)
    for given in (turned, tuple(np.ascontiguousarray(x) for x in turned)):
        other, also, columns = evaluated(across, given)
        near(also, items, 1e-5)
        assert math.isclose(total, other, rel_tol=1e-5)
        for slope, column in zip(slopes, columns, strict=True):
            near(column, slope.T, 1e-4)
    within = dataclasses.replace(card, axis=1)
    images = tuple(np.stack([x, x[::-1]], -1) for x in arrays)
    _, also, columns = evaluated(within, images)
    near(also, np.stack([items, items[::-1]], -1), 1e-5)
    for slope, column in zip(slopes, columns, strict=True):
        near(column, np.stack([slope, slope[::-1]], -1), 1e-4)
    apart = tuple(np.repeat(x, 2, axis=0)[::2] for x in arrays)
    outs = tuple(np.empty((*s.shape[:-1], 2 * s.shape[-1]), s.dtype)[..., ::2] for s in slopes)
    assert evaluated(card, apart, outs=outs)[0] == total
    for slope, out in zip(slopes, outs, strict=True):
        np.testing.assert_array_equal(slope, out)


@pytest.mark.parametrize("card", ROWS, ids=str)
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision(card: Any, dtype: str):
    kind: Any = np.float16
    if dtype == "bfloat16":
        kind = pytest.importorskip("ml_dtypes").bfloat16
    for rows, classes in ((37, 5), (9, 100), (3, 5000)):
        compare(card, tuple(
            x if x.dtype.kind in "iub" else x.astype(kind)
            for x in drawn(card, np.float32, rows, classes)
        ))  # fmt: skip


def test_any_number_of_threads_gives_the_same_bits():
    card = usual("categorical_focal_crossentropy")[0]
    arrays = drawn(card, np.float32, 3000, 100)
    before, found = losskit.get_num_threads(), []
    try:
        for threads in (1, 2, 3):
            losskit.set_num_threads(threads)
            found.append(evaluated(card, arrays))
    finally:
        losskit.set_num_threads(before)
    for total, items, slopes in found[1:]:
        assert total == found[0][0]
        np.testing.assert_array_equal(items, found[0][1])
        np.testing.assert_array_equal(slopes[0], found[0][2][0])


LONG = usual(
    *("soft_tversky", "cosine_similarity", "kl_divergence", "categorical_focal_crossentropy"),
    *("sparse_categorical_crossentropy", "categorical_hinge", "triplet_margin"),
)
"""Cards with sums, maxima, lengths and labels, whose long rows go through in blocks."""
BLOCK = 16384


@pytest.mark.parametrize("card", LONG, ids=str)
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "bfloat16"])
def test_long_rows_have_the_same_bits_by_any_number_of_threads(card: Any, dtype: str):
    """Rows that several threads share, ending at a block's end, before it and behind it."""
    kind: Any = dtype
    if dtype == "bfloat16":
        kind = pytest.importorskip("ml_dtypes").bfloat16
    weight, before = np.array([0.5, 0.0, 3.0]), losskit.get_num_threads()
    for rows, classes in ((1, 8 * BLOCK), (1, 9 * BLOCK + 1), (3, 9 * BLOCK - 1), (2, 10 * BLOCK)):
        found, arrays = (
            [],
            tuple(
                [
                    x if x.dtype.kind in "iub" else x.astype(kind)
                    for x in drawn(card, np.float32, rows, classes)
                ]
            ),
        )
        try:
            for threads in (1, 2, 3):
                losskit.set_num_threads(threads)
                found.append(evaluated(card, arrays, weight[:rows] if rows > 1 else None))
        finally:
            losskit.set_num_threads(before)
        for total, items, slopes in found[1:]:
            assert total == found[0][0]
            np.testing.assert_array_equal(items, found[0][1])
            for slope, first in zip(slopes, found[0][2], strict=True):
                np.testing.assert_array_equal(slope, first)
    if dtype == "float64":
        compare(card, arrays)


def test_long_rows_are_shared_out():
    """A batch that is one mask keeps two threads busy."""
    rng, before = np.random.default_rng(0), losskit.get_num_threads()
    y, p = (rng.random(1 << 22) for _ in range(2))
    loss, out = losskit.Dice(), np.empty_like(p)
    tasks = "/proc/self/task"
    if not os.path.isdir(tasks):
        pytest.skip("it is not told what threads do")

    def busy() -> dict[str, int]:
        def ticks(thread: str) -> int:
            with open(f"{tasks}/{thread}/stat") as file:
                return int(file.read().rpartition(")")[2].split()[11])

        return {thread: ticks(thread) for thread in os.listdir(tasks)}

    try:
        losskit.set_num_threads(2)
        loss.value_and_gradient(y, p, out=out)
        own = str(threading.get_native_id())
        first = busy()
        for _ in range(100):
            for _ in range(5):
                loss.value_and_gradient(y, p, out=out)
            spent = {t: n - first.get(t, 0) for t, n in busy().items()}
            others = max((n for t, n in spent.items() if t != own), default=0)
            if others > 5:
                break
        assert others > 0.1 * spent[own], spent
    finally:
        losskit.set_num_threads(before)


def outside(card: Any, arrays: Any) -> Any:
    call = by_program(card, arrays)
    return call.run(value=True, items=np.empty(call.shape, call.out_dtype))


@pytest.mark.parametrize("card", LONG, ids=str)
def test_what_lies_out_of_its_domain_is_seen_in_every_block(card: Any):
    for i, slot in enumerate(card.slots):
        if slot.domain.labels or slot.predicted:
            continue
        for place in (0, BLOCK - 1, BLOCK, 9 * BLOCK):
            arrays = drawn(card, np.float32, 2, 9 * BLOCK + 1)
            assert outside(card, arrays) is not None
            arrays[i][1, place] = np.nan
            assert outside(card, arrays) is None


@pytest.mark.parametrize("card", ROWS, ids=str)
@pytest.mark.parametrize("classes", [5, 100, 20001])
def test_what_is_out_of_its_domain_is_seen(card: Any, classes: int):
    arrays = drawn(card, np.float32, 7, classes)
    for i, slot in enumerate(card.slots):
        bad = arrays[i].copy()
        if slot.domain.labels:
            bad[4] = classes
        elif not slot.predicted:
            bad[4, -1] = np.nan
        elif slot.domain.bounded:
            bad[4, -1] = 1.5
        else:
            continue
        call = by_program(card, (*arrays[:i], bad, *arrays[i + 1 :]))
        assert call.run(value=True) is None, slot
        with pytest.raises(ValueError, match=slot.label):
            loss_of(card)(*arrays[:i], bad, *arrays[i + 1 :])


# --- cards of one's own -------------------------------------------------------------------------


@pytest.fixture
def own():
    """A card made here is one of losskit's for the time of a test."""
    before = dict(CARD_CLASSES)

    @dataclass(frozen=True)
    class Own(Residual):
        """A loss that nothing was compiled for."""

        steep: float = parameter(2.0, kind="number", low=0.0, doc="how steep it is")

        name = "own_of_programs"
        latex = "e"
        target = REAL
        convex = False
        metric = "mean_absolute_error"
        task = "regression"

        def value(self, m: Any, y: Any, p: Any) -> Any:
            e = p - y
            if self.steep > 10.0:  # what a formula asks for is answered
                return m.abs(e)
            return m.log1p(self.steep * e * e)

        def slope(self, m: Any, y: Any, p: Any) -> Any:
            e = p - y
            if self.steep > 10.0:
                return m.sign(e)
            return 2.0 * self.steep * e / (1.0 + self.steep * e * e)

        curve = slope

    yield Own
    CARD_CLASSES.clear()
    CARD_CLASSES.update(before)


def test_a_card_of_ones_own_has_a_program(own: Any):
    y, p = np.zeros(1000), np.linspace(-3.0, 3.0, 1000)
    made = [programs.program(own(steep=steep), evaluate.VALUE, 1) for steep in (2.0, 3.0, 11.0)]
    assert made[0] is not None
    assert made[0] is made[1]
    assert made[2] is not None
    assert made[2] is not made[0]
    for steep in (2.0, 3.0, 11.0):
        _, items, slopes = evaluated(own(steep=steep), (y, p))
        want = np.abs(p) if steep > 10 else np.log1p(steep * p * p)
        np.testing.assert_allclose(items, want, rtol=1e-14)
        step = np.sign(p) if steep > 10 else 2 * steep * p / (1 + steep * p * p)
        np.testing.assert_allclose(slopes[0], 0.5 * step, rtol=1e-14)


def test_a_card_whose_formula_is_another_has_another_program(own: Any):
    class Twice(own):  # type: ignore[misc]
        def value(self, m: Any, y: Any, p: Any) -> Any:
            return 2.0 * super().value(m, y, p)

    y, p = np.zeros(100), np.linspace(-3.0, 3.0, 100)
    once, twice = (evaluated(card(), (y, p))[0] for card in (own, Twice))
    assert math.isclose(twice, 2.0 * once, rel_tol=1e-14)


@pytest.mark.usefixtures("forgotten")
def test_a_derived_slope_makes_a_choice_once():
    """Of what is chosen, each side's slope; nothing multiplied by 1 and 0, and added."""

    def formula(m: Any, y: Any, p: Any, scale: float = 1.0) -> Any:
        d = p - y
        return m.where(m.abs(d) <= scale, 0.5 * m.square(d), scale * (m.abs(d) - 0.5 * scale))

    card = losskit.loss(formula, name="made_of_a_choice")(scale=1.5).card
    wanted = (*evaluate.VALUE, ("slope", 1))
    made = programs.program(card, wanted, 1)
    assert made is not None
    steps = [made.whole[k : k + 2] for k in range(0, len(made.whole), 12)]
    names = {number.to_bytes(2, "little"): name for name, number in library.operations().items()}
    assert len(steps) <= 11
    assert [names[s] for s in steps].count("select_vv") == 2
    assert "where_v" not in [names[s] for s in steps]


def test_what_a_program_cannot_is_left_to_the_formulas(own: Any):
    @dataclass(frozen=True)
    class Sorted(Rowwise):
        axis: int = parameter(-1, kind="integer", doc="axis of the rows")

        name = "sorted_of_programs"
        latex = "e"
        target = REAL
        convex = False
        metric = "mean_absolute_error"
        task = "regression"

        def value(self, m: Any, y: Any, p: Any) -> Any:
            return m.drop(m.sum(m.sort(p, self.axis) * y, self.axis), self.axis)

        def slope(self, m: Any, y: Any, p: Any) -> Any:
            return m.sort(p, self.axis) * y

        curve = target_slope = slope

    assert programs.program(Sorted(), evaluate.VALUE, 3) is None


# --- what is no program -------------------------------------------------------------------------


def test_bytes_that_are_no_program_are_refused():
    card = usual("kl_divergence")[0]
    wanted = (*evaluate.VALUE, ("slope", 1))
    made = programs.program(card, wanted, 5)
    assert made is not None
    packed = made.packed()

    def kernel(data: bytes) -> Any:
        facts = [*programs.facts(card, ("float32", "float32"))]
        return library._kernels.ProgramKernel(
            False, data, [], True, facts, None, 1e-38, 3e-8, 1, 1, 1
        )

    kernel(packed)
    refused = 0
    rng = np.random.default_rng(0)
    for at in [*range(200), *rng.integers(0, len(packed), 400)]:
        changed = bytearray(packed)
        changed[at] ^= 1 << rng.integers(0, 8)
        try:
            kernel(bytes(changed))
        except ValueError:
            refused += 1
    assert refused > 100
    for end in rng.integers(0, len(packed), 50):
        with pytest.raises(ValueError, match="program"):
            kernel(packed[:end])
    with pytest.raises(ValueError, match="behind its end"):
        kernel(packed + b"\0")


# --- it can fail --------------------------------------------------------------------------------


def forget():
    programs._known.cache_clear()
    programs.kernel.cache_clear()


@pytest.mark.parametrize(
    ("target", "name", "wrong", "card"),
    [
        (lower._NAMES, "-", "add", "multi_margin"),
        (lower._SWAPPED, "add", "mul", "categorical_focal_crossentropy"),
        (lower, "_levels", lambda results: Zeros(), "cosine_similarity"),
        (symbols.Symbols, "_branches", lambda m, x, hot: (m.false, m.true), "multi_margin"),
        (lower, "_apart", lambda i: False, "categorical_focal_crossentropy"),
    ],
    ids=["operation", "order", "passes", "pick", "registers"],
)
def test_an_error_is_seen(target: Any, name: str, wrong: Any, card: str, monkeypatch: Any):
    known = usual(card)[0]

    def check() -> None:
        for rows, classes in ((37, 33), (37, 100), (2, 20001)):
            compare(known, drawn(known, np.float32, rows, classes))

    check()
    forget()
    with monkeypatch.context() as patch:
        (patch.setitem if isinstance(target, dict) else patch.setattr)(target, name, wrong)
        with pytest.raises((AssertionError, KeyError, ValueError)):
            check()
    forget()


class Zeros(dict[int, int]):
    """Levels of which none is above another."""

    def __missing__(self, key: int) -> int:
        return 0
