"""What a framework does in its own way: all that the engine asks of it.

A framework's arrays know their `shape` and the operators; their functions are those of its
vocabulary. The rest stands below.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from losskit.core.namespaces import Array, Vocabulary
from losskit.engine.arrays import HALF

if TYPE_CHECKING:
    from losskit.engine.across import Across
    from losskit.engine.call import Call
    from losskit.engine.formulas import Formulas


class Framework(ABC):
    """The hooks."""

    strict: bool = False
    """Whether all numbers are looked at, also of a card whose domains have no ends."""
    no_class: int = -(2**62)
    """Stands for a label that is none: no class, and none that anybody would choose to ignore."""

    convert: str = ".astype('float32')"
    """What makes other numbers of whole ones, for messages."""

    # --- arrays

    @abstractmethod
    def array(self, name: str, x: Any, labels: bool = False) -> Array:
        """What was given under that name, as an array of real numbers.

        Labels may stay what they are, for messages; `labels` converts them.

        Raises:
            TypeError: it cannot be one.
        """

    @abstractmethod
    def dtype(self, x: Array) -> str:
        """The name of an array's dtype."""

    @abstractmethod
    def cast(self, x: Array, dtype: str) -> Array:
        """The array in the dtype of that name."""

    @abstractmethod
    def floating(self, x: Array) -> Array:
        """Whole numbers in the default dtype for others."""

    @abstractmethod
    def reshaped(self, x: Array, shape: tuple[Any, ...]) -> Array:
        """The same numbers in another shape, with dimensions of 1 more or fewer."""

    @abstractmethod
    def broadcast(self, x: Array, sizes: tuple[Any, ...]) -> Array:
        """The array broadcast to a shape of `sizes`."""

    def sizes(self, x: Array) -> tuple[Any, ...]:
        """An array's lengths, as numbers or whatever stands for them while a program is made."""
        return tuple(x.shape)

    @abstractmethod
    def labels(self, x: Array) -> Array:
        """Labels as integers; what is none (fractional, NaN, too large) becomes no class at all."""

    @abstractmethod
    def truth(self, name: str, x: Array) -> Array:
        """A mask as booleans.

        Raises:
            TypeError: it holds other numbers, and this face does not read them so.
        """

    @abstractmethod
    def total(self, x: Array) -> Array:
        """The sum of all numbers; of booleans, how many are true."""

    @abstractmethod
    def ones(self, like: Array, dtype: str) -> Array:
        """Ones in the shape of an array."""

    @abstractmethod
    def number(self, x: Any, like: Array, dtype: str) -> Array:
        """A number as an array of that dtype, where the other one is."""

    @abstractmethod
    def constant(self, numbers: list[float], like: Array, dtype: str) -> Array:
        """Numbers of Python as an array of that dtype, where the other one is."""

    @abstractmethod
    def of_labels(self, weights: Array, labels: Array) -> Array:
        """Of weights, one for each class, those of the labels; 1 for what is no class.

        A weight of 0 would keep it from being found out.
        """

    # --- what can be known now

    @abstractmethod
    def visible(self, x: Array) -> bool:
        """Whether there are values to look at without waiting.

        Not while a program is made of the call, nor of what lies on another device.
        """

    @abstractmethod
    def values(self, x: Array) -> Any:
        """The values of what is visible, as a NumPy array; halves as float32."""

    def weight_dtype(self, computed: str) -> str:
        """The dtype of weights where predictions are computed in that one."""
        return computed

    def check_weight(self, weight: Array, keep: Array | None, dtype: str) -> Array:
        """Refuse weights, or return them; the dtype is that of the computation."""
        return weight

    # --- formulas

    @abstractmethod
    def vocabulary(self, came: str) -> Vocabulary:
        """For predictions that came in the dtype of that name."""

    @abstractmethod
    def items(self, formulas: Formulas, call: Call) -> Array:
        """The items, 0 where they do not count, the card's slopes as their derivatives."""

    @abstractmethod
    def of_set(self, formulas: Formulas, across: Across | None, *arrays: Array) -> Array:
        """The value of a set, of its slots, weights and what its mean divides by.

        ``across`` says where its other parts are, if there are any.
        """

    def fused(
        self, call: Call, reduction: str, by_weights: bool, num_items: Any, dtype: Any = None
    ) -> Array | None:
        """The reduced loss, or the items, in that dtype, by a kernel that looks at the values too.

        None where there is no such kernel.
        """
        return None

    def sum(self, formulas: Formulas, call: Call) -> Array:
        """The sum of the weighted items that count."""
        items = self.items(formulas, call)
        return self.total(items if call.weight is None else items * call.weight)

    @abstractmethod
    def mean(self, formulas: Formulas, call: Call, count: Any) -> Array:
        """That sum divided by a count; 0 where nothing counts."""

    def replicas(self) -> Across | None:
        """Devices that are known to share every batch, and by whose losses the host adds up."""
        return None

    @staticmethod
    def computed(dtype: str) -> str:
        """The dtype in which predictions of that dtype are computed."""
        return "float32" if dtype in HALF else dtype
