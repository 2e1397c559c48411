"""Flatten, Reshape, Permute, RepeatVector: the same numbers in another shape. The batch axis stays first."""

from __future__ import annotations

import math
from typing import Any

from jaxnn import ops
from jaxnn.core import check
from jaxnn.core.config import standardize_data_format
from jaxnn.core.graph import KerasTensor
from jaxnn.core.input_spec import InputSpec
from jaxnn.core.layer import Layer
from jaxnn.core.registry import export
from jaxnn.core.types import Array


class SameNumbers(Layer):
    """A layer that moves numbers and leaves them as they are, their dtype included. Sparse ones stay sparse."""

    def compute_output_spec(self, inputs: KerasTensor) -> KerasTensor:
        """The output's shape, in the input's dtype."""
        return KerasTensor(self.compute_output_shape(inputs.shape), inputs.dtype, inputs.sparse)


@export("layers")
class Flatten(SameNumbers):
    """All axes but the batch become one.

    Args:
        data_format: "channels_first" moves the channels last before flattening, so that a network gives the same
            features in either format; "channels_last" changes nothing; None is the global setting.

    Shape:
        `(batch, ...)` → `(batch, product of ...)`; `(batch,)` → `(batch, 1)`.

    Example:
        >>> Flatten()(np.ones((32, 28, 28))).shape
        (32, 784)

    Source: https://keras.io/api/layers/reshaping_layers/flatten/
    """

    def __init__(self, data_format: str | None = None, **kwargs: Any):
        super().__init__(**kwargs)
        self.data_format = standardize_data_format(data_format)
        self.input_spec = InputSpec(min_ndim=1)

    def call(self, inputs: Array) -> Array:
        """The flat inputs."""
        if self.data_format == "channels_first" and inputs.ndim > 1:
            inputs = ops.transpose(inputs, (0, *range(2, inputs.ndim), 1))
        return ops.reshape(inputs, self.compute_output_shape(inputs.shape))

    def compute_output_shape(self, input_shape: Any) -> tuple:
        """`(batch, product)`; the product is None where an axis is."""
        rest = input_shape[1:]
        return (input_shape[0], None if None in rest else math.prod(rest))


@export("layers")
class Reshape(SameNumbers):
    """The numbers of each example in another shape.

    Args:
        target_shape: without the batch. One entry may be -1: whatever size is left.

    Shape:
        `(batch, ...)` → `(batch, *target_shape)`.

    Raises:
        ValueError: for a second -1, an entry below it, or a shape of another size than the input's.

    Example:
        >>> Reshape((3, -1))(np.ones((2, 12))).shape
        (2, 3, 4)

    Source: https://keras.io/api/layers/reshaping_layers/reshape/
    """

    def __init__(self, target_shape: Any, **kwargs: Any):
        super().__init__(**kwargs)
        self.target_shape = tuple(target_shape)
        known = [d for d in self.target_shape if d is not None]
        if any(d < -1 for d in known):
            raise ValueError(
                f"{check.name_of(self)}: each dimension must be a non-negative integer, or -1 for a single unknown "
                f"one; got target_shape={self.target_shape}."
            )
        if known.count(-1) > 1:
            raise ValueError(
                f"{check.name_of(self)}: there must be at most one unknown dimension (-1); "
                f"got target_shape={self.target_shape}."
            )
        self._build_at_init()

    def call(self, inputs: Array) -> Array:
        """The inputs in the target shape."""
        return ops.reshape(inputs, [-1 if d is None else d for d in self.compute_output_shape(inputs.shape)])

    def compute_output_shape(self, input_shape: Any) -> tuple:
        """`(batch, *target_shape)`, with -1 worked out where the input's shape is known."""
        batch, *rest = input_shape
        target = self.target_shape
        if None in rest or None in target:
            return (batch, *(None if d == -1 else d for d in target))
        size, known = math.prod(rest), math.prod(d for d in target if d != -1)
        fits = known and size % known == 0 if -1 in target else size == known
        if not fits:
            raise ValueError(
                f"{check.name_of(self)}: The total size of the tensor must be unchanged; got an input of shape "
                f"{tuple(input_shape)}, {size} numbers each, for target_shape={target}."
            )
        return (batch, *(size // known if d == -1 else d for d in target))


@export("layers")
class Permute(SameNumbers):
    """The axes in another order.

    Args:
        dims: the input's axes in the order of the output, counted from 1: `(2, 1)` transposes each example.

    Shape:
        `(batch, n1, n2, ...)` → `(batch, n_dims[0], n_dims[1], ...)`.

    Raises:
        ValueError: if `dims` is not an order of 1, 2, ...

    Example:
        >>> Permute((2, 1))(np.ones((32, 10, 64))).shape
        (32, 64, 10)

    Source: https://keras.io/api/layers/reshaping_layers/permute/
    """

    def __init__(self, dims: Any, **kwargs: Any):
        super().__init__(**kwargs)
        self.dims = tuple(dims)
        if sorted(self.dims) != list(range(1, len(self.dims) + 1)):
            raise ValueError(
                f"{check.name_of(self)}: Invalid permutation argument `dims`: expected each of 1 to {len(self.dims)} "
                f"once; got dims={dims}. The batch axis is not counted."
            )
        self.input_spec = InputSpec(ndim=len(self.dims) + 1)

    def call(self, inputs: Array) -> Array:
        """The transposed inputs."""
        return ops.transpose(inputs, (0, *self.dims))

    def compute_output_shape(self, input_shape: Any) -> tuple:
        """The input's sizes in the new order."""
        return (input_shape[0], *(input_shape[d] for d in self.dims))


@export("layers")
class RepeatVector(SameNumbers):
    """Each vector n times, as a sequence: what a decoder reads at every step. Sparse inputs become dense.

    Args:
        n: how many times.

    Shape:
        `(batch, features)` → `(batch, n, features)`.

    Raises:
        TypeError: if n is not an int.
        ValueError: if it is not positive.

    Example:
        >>> RepeatVector(2)(np.array([[1.0, 2.0]])).tolist()
        [[[1.0, 2.0], [1.0, 2.0]]]

    Source: https://keras.io/api/layers/reshaping_layers/repeat_vector/
    """

    def __init__(self, n: int, **kwargs: Any):
        super().__init__(**kwargs)
        if not isinstance(n, int) or isinstance(n, bool):
            raise TypeError(f"{check.name_of(self)}: Expected an integer value for `n`; got n={n!r} ({type(n)}).")
        if n <= 0:
            raise ValueError(f"{check.name_of(self)}: argument `n` should be a positive integer; got n={n}.")
        self.n = n
        self.input_spec = InputSpec(ndim=2)

    def call(self, inputs: Array) -> Array:
        """The repeated inputs."""
        return ops.repeat(inputs[:, None, :], self.n, axis=1)

    def compute_output_spec(self, inputs: KerasTensor) -> KerasTensor:
        """The output's shape, in the input's dtype."""
        return KerasTensor(self.compute_output_shape(inputs.shape), inputs.dtype)

    def compute_output_shape(self, input_shape: Any) -> tuple:
        """`(batch, n, features)`."""
        return (input_shape[0], self.n, input_shape[1])
