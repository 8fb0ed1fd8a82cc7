"""Steps of programs by themselves, where no program takes the card whose formulas take them."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np

from losskit.core.namespaces import Array
from losskit.native import library
from losskit.native.evaluate import prepare
from losskit.programs.lower import Instruction, Program
from losskit.programs.symbols import ELEMENT, WHOLE

_ANY_NUMBER = (-math.inf, math.inf, *[0.0] * 9)
"""The values of a slot: see `SlotValues` in csrc/program.hpp."""


def step(name: str, *rows: Array) -> Array | None:
    """What a step makes of rows along the last axis; None where no kernel applies.

    Args:
        name: of one whose result is of elements.
        rows: arrays of one shape; the first is of the type that is computed in.
    """
    like = rows[0]
    if like.dtype not in (np.float32, np.float64) or like.size == 0 or library.kernels() is None:
        return None
    if WHOLE.get(name) != ELEMENT or any(x.shape != like.shape for x in rows):
        return None
    made = library.empty(like.shape, like.dtype)
    length = like.shape[-1]
    _kernel(name, len(rows), like.dtype == np.float64).run(
        rows, like.size // length, length, 1, None, None, 1.0, None, (made,)
    )
    return made


def rows(
    card: Any, alike: Array, none: Array | None, x: Array, slope: bool
) -> tuple[Array, Array | None] | None:
    """`losskit.core.namespaces.Vocabulary.rows` by a kernel; None where there is none."""
    # In bytes, which is a pass over a quarter of the memory: 1 where alike, -1 elsewhere.
    y = alike.view(np.int8) * np.int8(2)
    y -= np.int8(1)
    if none is not None:
        y -= none.view(np.int8)
    call = prepare(card, (y, x), None, None)
    if call is None:
        return None
    items = library.empty(call.shape, call.out_dtype)
    slopes = library.empty(x.shape, x.dtype) if slope else None
    found = call.run(value=True, items=items, slope=() if slopes is None else (slopes,))
    return None if found is None else (items, slopes)


@cache
def _kernel(name: str, count: int, wide: bool) -> Any:
    """A program of that step alone."""
    instruction = Instruction(name, count, [*range(count)], span=ELEMENT)
    program = Program(
        scalars=b"",
        numbers=(),
        parameters=(),
        slots=((ELEMENT, False),) * count,
        whole=instruction.packed(library.operations()),
        passes=(),
        after=b"",
        registers=(count + 1, 0),
        outputs=((count, 0, ELEMENT),),
    )
    values = [*_ANY_NUMBER] * count
    return library._kernels.ProgramKernel(
        wide, program.packed(), [], False, values, None, 0.0, 0.0, 0, 0, -1
    )
