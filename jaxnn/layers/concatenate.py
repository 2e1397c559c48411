"""Concatenate: tensors end to end along an axis."""

from __future__ import annotations

from typing import Any

from jaxnn import ops
from jaxnn.core import check
from jaxnn.core.registry import export
from jaxnn.core.types import Array
from jaxnn.layers.merge import Merge


@export("layers")
class Concatenate(Merge):
    """The inputs one after the other along an axis.

    Args:
        axis: along which they are joined.

    Shape:
        a list of tensors, equal in shape but for the axis → their shape, with the sum of their sizes on the axis.

    Raises:
        ValueError: if the shapes differ elsewhere.

    Example:
        >>> Concatenate()([np.ones((1, 2)), np.zeros((1, 1))]).tolist()
        [[1.0, 1.0, 0.0]]

    Source: https://keras.io/api/layers/merging_layers/concatenate/
    """

    def __init__(self, axis: int = -1, **kwargs: Any):
        super().__init__(**kwargs)
        self.axis = axis

    def build(self, input_shape: Any) -> None:
        """Makes nothing; checks that the shapes are equal but for the axis."""
        self._check(input_shape)
        ranks = {len(shape) for shape in input_shape}
        rest = [_without(shape, self.axis) for shape in input_shape]
        if len(ranks) > 1 or any(len(set(sizes) - {None}) > 1 for sizes in zip(*rest, strict=True)):
            raise ValueError(
                f"{check.name_of(self)}: A `Concatenate` layer requires inputs with matching shapes except for the "
                f"concatenation axis; got shapes {input_shape} and axis={self.axis}."
            )

    def call(self, inputs: Any) -> Array:
        """The joined inputs."""
        return ops.concatenate(inputs, axis=self.axis)

    def compute_output_shape(self, input_shape: Any) -> tuple:
        """The first shape, with the sum of the sizes on the axis."""
        self._check(input_shape)
        sizes = [shape[self.axis] for shape in input_shape]
        shape = list(input_shape[0])
        shape[self.axis] = None if None in sizes else sum(sizes)
        return tuple(shape)

    def _check(self, shapes: Any) -> None:
        if not isinstance(shapes, list | tuple) or not shapes or not isinstance(shapes[0], list | tuple):
            raise ValueError(
                f"{check.name_of(self)}: A `Concatenate` layer should be called on a list of at least 1 input; "
                f"got shape {shapes}."
            )

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """The joined masks; an input without one counts everywhere. None if none has one."""
        if mask is None:
            return None
        self._check_masks(inputs, mask)
        if all(m is None for m in mask):
            return None
        entries = [_mask_of_entries(x, m) for x, m in zip(inputs, mask, strict=True)]
        return ops.any(ops.concatenate(entries, axis=self.axis), axis=-1)


def _without(shape: Any, axis: int) -> list:
    axis %= len(shape)
    return [size for i, size in enumerate(shape) if i != axis]


def _mask_of_entries(x: Any, mask: Any) -> Any:
    """A truth value for each entry, tied to the tensor, so that a symbolic batch size stays open."""
    if mask is None:
        return ops.ones_like(x, dtype="bool")
    if len(mask.shape) < len(x.shape):
        return ops.logical_or(ops.expand_dims(mask, axis=-1), ops.zeros_like(x, dtype="bool"))
    return mask


@export("layers")
def concatenate(inputs: list, axis: int = -1, **kwargs: Any) -> Any:
    """`Concatenate(axis, **kwargs)(inputs)`."""
    return Concatenate(axis=axis, **kwargs)(inputs)
