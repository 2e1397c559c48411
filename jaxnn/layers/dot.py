"""Dot: the scalar products of two tensors, example by example."""

from __future__ import annotations

import math
from typing import Any

from jaxnn import ops
from jaxnn.core import check
from jaxnn.core.registry import export
from jaxnn.core.types import Array
from jaxnn.layers.merge import Merge


@export("layers")
class Dot(Merge):
    """Sums of products of two inputs over one axis of each, for every example of the batch.

    Args:
        axes: the axis of both inputs, or a pair, one for each; never the batch axis, 0.
        normalize: whether both are first divided by their norm over it; then the result is the cosine.

    Shape:
        `(batch, ..., n, ...)` and `(batch, ..., n, ...)` → `(batch, the first's other axes, the second's)`;
        two vectors a batch → `(batch, 1)`.

    Raises:
        TypeError: if `axes` is neither an int nor a list.
        ValueError: if it isn't a pair of ints, if an axis is that of the batch, if the sizes of the axes differ, or
            if there aren't two inputs.

    Example:
        >>> Dot(axes=1)([np.array([[1.0, 2.0]]), np.array([[3.0, 4.0]])]).tolist()
        [[11.0]]

    Source: https://keras.io/api/layers/merging_layers/dot/
    """

    def __init__(self, axes: Any, normalize: bool = False, **kwargs: Any):
        super().__init__(**kwargs)
        if not isinstance(axes, int):
            if not isinstance(axes, list | tuple):
                raise TypeError(f"{check.name_of(self)}: `axes` should be an int or a list of two; got axes={axes!r}.")
            if len(axes) != 2 or not all(isinstance(a, int) for a in axes):
                raise ValueError(f"{check.name_of(self)}: `axes` should contain two integers; got axes={axes!r}.")
        self.axes, self.normalize = axes, normalize

    def build(self, input_shape: Any) -> None:
        """Makes nothing; checks that the sizes of the axes are equal."""
        first, second = self._pair(input_shape)
        i, j = self._positive_axes(first, second)
        if first[i] != second[j] and None not in (first[i], second[j]):
            raise ValueError(
                f"{check.name_of(self)}: Incompatible input shapes {first} and {second}: axis {i} of the first has "
                f"size {first[i]}, axis {j} of the second {second[j]}."
            )

    def _pair(self, shapes: Any) -> Any:
        if not isinstance(shapes, list | tuple) or len(shapes) != 2 or not isinstance(shapes[0], list | tuple):
            raise ValueError(
                f"{check.name_of(self)}: A `Dot` layer should be called on a list of 2 inputs; got shape {shapes}."
            )
        return shapes

    def _positive_axes(self, first: Any, second: Any) -> tuple[int, int]:
        pair = (self.axes, self.axes) if isinstance(self.axes, int) else self.axes
        i, j = (axis % len(shape) if axis < 0 else axis for axis, shape in zip(pair, (first, second), strict=True))
        if 0 in (i, j) or i >= len(first) or j >= len(second):
            raise ValueError(
                f"{check.name_of(self)}: axes={self.axes} must name an axis of each input other than the batch axis "
                f"0; got shapes {first} and {second}. Give inputs without a batch one: x[None]."
            )
        return i, j

    def call(self, inputs: Any) -> Array:
        """The sums of products."""
        x, y = inputs
        i, j = self._positive_axes(x.shape, y.shape)
        if self.normalize:
            x, y = ops.normalize(x, axis=i), ops.normalize(y, axis=j)
        rows, columns = ([a for a in range(1, v.ndim) if a != axis] for v, axis in ((x, i), (y, j)))
        batch, n = x.shape[0], x.shape[i]
        left = ops.reshape(ops.transpose(x, (0, *rows, i)), (batch, math.prod(x.shape[a] for a in rows), n))
        right = ops.reshape(ops.transpose(y, (0, j, *columns)), (batch, n, math.prod(y.shape[a] for a in columns)))
        return ops.reshape(ops.matmul(left, right), self.compute_output_shape((x.shape, y.shape)))

    def compute_output_shape(self, input_shape: Any) -> tuple:
        """The first's axes but one, then the second's but one and the batch."""
        first, second = self._pair(input_shape)
        i, j = self._positive_axes(first, second)
        shape = [*first[:i], *first[i + 1 :], *(size for a, size in enumerate(second) if a not in (0, j))]
        return tuple(shape) if len(shape) > 1 else (*shape, 1)

    def compute_mask(self, inputs: Any, mask: Any = None) -> None:
        """None: what was hidden is summed away."""


@export("layers")
def dot(inputs: list, axes: Any = -1, **kwargs: Any) -> Any:
    """`Dot(axes, **kwargs)(inputs)`."""
    return Dot(axes=axes, **kwargs)(inputs)
