"""Write the .pyi stubs from which editors and type checkers know the generated names.

    python scripts/write_stubs.py            # write them
    python scripts/write_stubs.py --check    # fail if they are stale (CI does this)

The faces are made from the cards at import, so no source file spells their names out. The stubs
do. This needs no framework: the order of the Keras face's arguments is the one of Keras 3.
"""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterable
from inspect import Parameter
from pathlib import Path

from losskit.core.definition import Card, Rule, cards
from losskit.core.families import Setwise
from losskit.engine.arguments import optional, takes
from losskit.losses import __all__ as _families  # noqa: F401  (fills the registry)
from losskit.peers import optax as optax_peers
from losskit.peers import torch as torch_peers
from losskit.peers.keras import orders as keras_orders
from losskit.peers.row import Row, docstring

PACKAGE = Path(__file__).parents[1] / "src" / "losskit"
HEAD = '"""Written by scripts/write_stubs.py from the loss cards: do not edit."""\n'

TYPES = {
    "number": "float",
    "flag": "bool",
    "choice": "str",
    "choice or classes": "str | Sequence[int]",
    "integer": "int",
    "integer or None": "int | None",
    "axes": "int | Sequence[int] | None",
    "class weights": "Sequence[float] | Mapping[int, float] | None",
    "number or class weights": "float | Sequence[float] | Mapping[int, float]",
}
REDUCTION = (
    'Literal["mean", "sum", "none", "sum_over_batch_size", "mean_with_sample_weight"] | None'
)

PARTS = ['reduction: _Reduction = "none"', "num_items: ArrayLike | None = None"]


def argument(name: str, default: object, rule: Rule) -> str:
    return f"{name}: {TYPES[rule.kind]} = {default!r}"


def parameters(card: type[Card], array: str | None = None) -> dict[str, str]:
    """The arguments for a card's parameters; of a function, with its optional slots as arrays."""
    found = {n: argument(n, default, rule) for n, (default, rule) in card.rules().items()}
    for name, is_parameter in optional(card).items() if array else ():
        kinds = found[name].removesuffix(" | None = None") if is_parameter else f"{name}:"
        found[name] = f"{kinds}{' |' * is_parameter} {array} | None = None"
    return found


def arrays(
    card: type[Card], names: dict[str, str], kind: str, prediction_first: bool = True
) -> list[str]:
    return [f"{name}: {kind}" for name in takes(card(), names, prediction_first)]


def doc(card: type[Card], indent: str) -> str:
    summary = card.sections()["Summary"].replace("\n", f"\n{indent}")
    formula = card.sections()["Formula"].replace("\n", f"\n{indent}    ")
    return f'{indent}"""{summary}\n\n{indent}    {formula}\n{indent}"""\n'


def peer(
    row: Row,
    array: str,
    place: str,
    words: dict[str, str],
    special: dict[str, str],
    gives: str,
) -> str:
    """The function of a row of a peer's table."""
    text = textwrap.indent(docstring(row, place, words), "    ").lstrip()
    takes = peers(row.parameters.values(), array, special)
    return f'def {row.name}({takes}) -> {gives}:\n    """{text}    """\n'


def peers(parameters: Iterable[Parameter], array: str, special: dict[str, str]) -> str:
    """Parameters of a peer's, with types; the default of one says which it has."""
    made: list[str] = []
    number = array if array == "ArrayLike" else "float"
    for p in parameters:
        if p.kind is p.KEYWORD_ONLY and "*" not in made:
            made.append("*")
        kinds = {
            type: array,  # it has no default
            bool: "bool",
            str: "str",
            int: number,
            float: number,
            type(None): f"{array} | None",
        }
        kind = special[p.name] if p.name in special else kinds[type(p.default)]
        made.append(f"{p.name}: {kind}" + ("" if p.default is p.empty else f" = {p.default!r}"))
    return ", ".join(made)


TORCH_TYPES = {
    "size_average": "bool | None",
    "reduce": "bool | None",
    "axis": "int | None",
    "ignore_index": "int | None",
    "blank": "int",
    "var": "Tensor | float",
    "input_lengths": "Tensor | Sequence[int]",
    "target_lengths": "Tensor | Sequence[int]",
    "distance_function": "Callable[[Tensor, Tensor], Tensor] | None",
    "options": "object",
    "on_empty": "_OnEmpty",
    "num_items": "float | Tensor | None",
    "across": "Across | None",
    "in_features": "int",
    "num_classes": "int",
    "out_features": "tuple[int, ...]",
    "device": "Any",
    "dtype": "Any",
}
JAX_TYPES = {
    "axis": "int | Sequence[int] | None",
    "blank_id": "int",
    "reduce_fn": "Callable[..., Array] | None",
    "max_fun": "Callable[..., Any]",
    "norm_degree": "float",
}
JAX_GIVES = {
    "ctc_loss_with_forward_probs": "tuple[Array, Array, Array]",
    "make_fenchel_young_loss": "Callable[..., Array]",
}


def base(card: type[Card]) -> str:
    return "Loss" if len(card().slots) == 2 else "_Several"


def numpy_stub() -> str:
    lines = [
        HEAD,
        "from collections.abc import Mapping, Sequence\n"
        "from typing import Any, Literal\n\n"
        "from numpy.typing import ArrayLike\n\n"
        "from losskit import metrics as metrics\n"
        "from losskit import native as native\n"
        "from losskit.activations import log_softmax as log_softmax\n"
        "from losskit.checks import check as check\n"
        "from losskit.define import loss as loss\n"
        "from losskit.native import get_num_threads as get_num_threads\n"
        "from losskit.native import set_num_threads as set_num_threads\n"
        "from losskit.numpy import Loss as Loss\n"
        "from losskit.numpy import _Several\n"
        "from losskit.numpy import get as get\n",
        f"_Reduction = {REDUCTION}\n"
        '_OnEmpty = Literal["zero", "nan", "raise"]\n\n'
        "__version__: str\n"
        "__all__: list[str]\n",
    ]
    for card in cards():
        own = list(parameters(card).values())
        options = [
            *own,
            '*, reduction: _Reduction = "mean"',
            'on_empty: _OnEmpty = "zero"',
            "name: str | None = None",
        ]
        lines.append(
            f"class {card.__name__}({base(card)}):\n{doc(card, '    ')}\n"
            f"    def __init__(self, {', '.join(options)}) -> None: ...\n"
        )
    for card in cards():
        own = list(parameters(card, "ArrayLike").values())
        options = [
            *arrays(card, {}, "ArrayLike", False),
            "sample_weight: ArrayLike | None = None",
            "*",
            *own,
            "mask: ArrayLike | None = None",
            "num_items: float | None = None",
            'reduction: _Reduction = "mean"',
            'on_empty: _OnEmpty = "zero"',
        ]
        lines.append(f"def {card.name}({', '.join(options)}) -> Any:\n{doc(card, '    ')}")
    return "\n".join(lines)


def keras_stub() -> str:
    lines = [
        HEAD,
        "from collections.abc import Mapping, Sequence\n"
        "from typing import Any, Literal\n\n"
        "from losskit.keras.activations import sigmoid as sigmoid\n"
        "from losskit.keras.activations import softmax as softmax\n"
        "from losskit.keras.check import CheckLoss as CheckLoss\n"
        "from losskit.keras.loss import Loss as Loss\n"
        "from losskit.keras.loss import get as get\n",
        f"_Reduction = {REDUCTION}\n\n__all__: list[str]\n",
    ]
    for card in cards():
        known = {
            "axis": "axis: int = -1",
            **parameters(card),
            "reduction": 'reduction: _Reduction = "sum_over_batch_size"',
            "name": "name: str | None = ...",
            "dtype": "dtype: Any = None",
        }
        _, order, _ = keras_orders(card.name, list(card.rules()))
        arguments = [known[n] for n in order]
        lacks = [n for n in card.rules() if n not in order]
        if lacks:
            arguments += ["*", *(known[n] for n in lacks)]
        lines.append(
            f"class {card.__name__}(Loss):\n{doc(card, '    ')}\n"
            f"    def __init__(self, {', '.join(arguments)}) -> None: ...\n"
        )
    for card in cards():
        own = {"axis": "axis: int = -1", **parameters(card, "Any")}
        own |= {n: f"{n}: Any = None" for n in ("ref_labels", "ref_embeddings")}
        order, _, _ = keras_orders(card.name, list(parameters(card, "Any")))
        returns = "one value" if issubclass(card, Setwise) else "one value per sample"
        arguments = ["y_true: Any", "y_pred: Any", *(own[n] for n in order)]
        lines.append(
            f"def {card.name}({', '.join(arguments)}) -> Any:\n"
            f'    """{card.sections()["Summary"]} Gives {returns}."""\n'
        )
    return "\n".join(lines)


def torch_stub() -> str:
    lines = [
        HEAD,
        "from collections.abc import Callable, Mapping, Sequence\n"
        "from typing import Any, Literal\n\n"
        "from torch import Tensor, nn\n\n"
        "from losskit.torch.across import Across as Across\n"
        "from losskit.torch.check import check_loss as check_loss\n"
        "from losskit.torch.own import Loss as Loss\n"
        "from losskit.torch.own import get as get\n",
        '_Reduction = Literal["mean", "sum", "none"]\n'
        '_OnEmpty = Literal["zero", "nan"]\n\n'
        "__all__: list[str]\n",
    ]
    options = ['reduction: _Reduction = "mean"', 'on_empty: _OnEmpty = "zero"']
    options.append("across: Across | None = None")
    for card in cards():
        own = [*parameters(card).values(), "*", *options]
        lines.append(
            f"class {card.__name__}(Loss):\n{doc(card, '    ')}\n"
            f"    def __init__(self, {', '.join(own)}) -> None: ...\n"
        )
    for card in cards():
        arguments = [
            *arrays(card, {"prediction": "input"}, "Tensor"),
            "*",
            *parameters(card, "Tensor").values(),
            "weight: Tensor | None = None",
            "mask: Tensor | None = None",
            "num_items: float | Tensor | None = None",
            *options,
        ]
        lines.append(f"def {card.name}({', '.join(arguments)}) -> Tensor:\n{doc(card, '    ')}")
    for row in torch_peers.ROWS.values():
        lines.append(
            peer(row, "Tensor", "torch.nn.functional", torch_peers.WORDS, TORCH_TYPES, "Tensor")
            + f'\nclass {row.module}(nn.{row.module}):\n    """As `torch.nn.{row.module}`; see '
            + f'`losskit.torch.{row.name}`."""\n'
        )
        options = [p for name, p in row.options.items() if name != "num_items"]
        given = peers(options, "Tensor", TORCH_TYPES)
        lines.append(f"    def __init__(self, {given}) -> None: ...\n")
    return "\n".join(lines)


def jax_stub() -> str:
    lines = [
        HEAD,
        "from collections.abc import Callable, Mapping, Sequence\n"
        "from typing import Any, Literal\n\n"
        "import jax.numpy as jnp\n"
        "from jax import Array\n"
        "from jax.typing import ArrayLike\n\n"
        "from losskit.jax.own import combine as combine\n"
        "from losskit.jax.own import get as get\n"
        "from losskit.jax.own import merge as merge\n"
        "from losskit.jax.own import parts as parts\n",
        '_Reduction = Literal["none", "mean", "sum"]\n'
        '_OnEmpty = Literal["zero", "nan"]\n\n'
        "__all__: list[str]\n",
    ]
    for card in cards():
        if card.name in optax_peers.ROWS:
            continue  # optax's meaning of a name that both have
        arguments = [
            *arrays(card, {"target": "targets", "prediction": "predictions"}, "ArrayLike"),
            "*",
            # A number may be an array, traced too.
            *(a.replace(": float", ": ArrayLike") for a in parameters(card, "ArrayLike").values()),
            "where: ArrayLike | None = None",
            "weight: ArrayLike | None = None",
            *([] if issubclass(card, Setwise) else PARTS),
            'on_empty: _OnEmpty = "zero"',
            "across: str | Sequence[str] | None = None",
        ]
        lines.append(f"def {card.name}({', '.join(arguments)}) -> Array:\n{doc(card, '    ')}")
    for row in optax_peers.ROWS.values():
        told, gives = optax_peers.words(row), JAX_GIVES.get(row.name, "Array")
        lines.append(peer(row, "ArrayLike", "optax.losses", told, JAX_TYPES, gives))
    return "\n".join(lines)


STUBS = {
    PACKAGE / "__init__.pyi": numpy_stub,
    PACKAGE / "keras" / "__init__.pyi": keras_stub,
    PACKAGE / "torch" / "__init__.pyi": torch_stub,
    PACKAGE / "jax" / "__init__.pyi": jax_stub,
}


def main() -> int:
    check = "--check" in sys.argv[1:]
    stale = []
    for path, make in STUBS.items():
        text = make()
        if check and (not path.exists() or path.read_text(encoding="utf-8") != text):
            stale.append(str(path))
        elif not check:
            path.write_text(text, encoding="utf-8")
    if stale:
        print(f"Stale stubs: {', '.join(stale)}. Run python scripts/write_stubs.py.")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
