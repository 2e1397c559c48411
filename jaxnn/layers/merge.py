"""Merging: layers of a list of tensors, entry by entry, and the same as functions (`add([x, y])`).

Masks: an entry of the output counts where an entry of any input does; so the output has a mask if all inputs have one.
Where the inputs' ranks differ, the smaller ones get axes of size 1 after the batch. Sparse inputs give a sparse output.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax.numpy as jnp

from jaxnn import ops
from jaxnn.core import check
from jaxnn.core.graph import KerasTensor
from jaxnn.core.layer import Layer
from jaxnn.core.masking import get_keras_mask, set_keras_mask
from jaxnn.core.registry import export
from jaxnn.core.types import Array


class Merge(Layer):
    """A layer of a list of tensors. Subclasses say how two, or all, become one."""

    def __init__(self, **kwargs: Any):
        super().__init__(**kwargs)
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        """Makes nothing; checks that the shapes go together."""
        _check_list(self, input_shape)
        if len({shape[0] for shape in input_shape if shape} - {None}) > 1:
            raise ValueError(
                f"{check.name_of(self)}: cannot merge tensors with different batch sizes; got shapes {input_shape}."
            )
        self._merged_shape(input_shape)

    def call(self, inputs: Any) -> Array:
        """The merged inputs."""
        if not isinstance(inputs, list | tuple):
            raise ValueError(f"{check.name_of(self)}: {_A_LIST} of inputs; got {inputs}.")
        rank = max(x.ndim for x in inputs)
        return self.merge([_expand(x, rank) for x in inputs])

    def merge(self, inputs: list[Array]) -> Array:
        """All inputs as one; the ranks are equal here."""
        raise NotImplementedError(f"{type(self).__name__} must say how it merges.")

    def compute_output_shape(self, input_shape: Any) -> tuple:
        """The shape to which all inputs broadcast."""
        batches = {shape[0] for shape in input_shape if shape} - {None}
        return (batches.pop() if len(batches) == 1 else None, *self._merged_shape(input_shape))

    def _merged_shape(self, shapes: Any) -> tuple:
        """Without the batch."""
        return functools.reduce(functools.partial(_broadcast, self), [tuple(shape[1:]) for shape in shapes])

    def compute_output_spec(self, inputs: Any) -> KerasTensor:
        """The output as a symbolic tensor, in the compute dtype."""
        shape = self.compute_output_shape([x.shape for x in inputs])
        return KerasTensor(shape, self.compute_dtype, sparse=all(x.sparse for x in inputs))

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """True where any input's mask is; None unless all inputs have one."""
        if mask is None:
            return None
        self._check_masks(inputs, mask)
        return None if any(m is None for m in mask) else functools.reduce(ops.logical_or, mask)

    def _check_masks(self, inputs: Any, mask: Any) -> None:
        who = check.name_of(self)
        for name, value in (("mask", mask), ("inputs", inputs)):
            if not isinstance(value, list | tuple):
                raise ValueError(f"{who}: `{name}` should be a list. Received: {name}={value}")
        if len(mask) != len(inputs):
            raise ValueError(
                f"{who}: the lists `inputs` and `mask` should have the same length; "
                f"got {len(inputs)} inputs and {len(mask)} masks."
            )


_A_LIST = "A merge layer should be called on a list"


def _check_list(layer: Layer, shapes: Any) -> None:
    if not shapes or not isinstance(shapes[0], list | tuple):
        raise ValueError(f"{check.name_of(layer)}: {_A_LIST} of at least 1 input; got shape {shapes}.")


def _expand(x: Array, rank: int) -> Array:
    return x if x.ndim == rank else ops.reshape(x, (x.shape[0], *(1,) * (rank - x.ndim), *x.shape[1:]))


def _broadcast(layer: Layer, a: tuple, b: tuple) -> tuple:
    """The shape of an entrywise result; None meets any size."""
    a, b = (a, b) if len(a) >= len(b) else (b, a)
    sizes = list(a[: len(a) - len(b)])
    for i, j in zip(a[len(sizes) :], b, strict=True):
        if None in (i, j):
            sizes.append(None)
        elif i == j or 1 in (i, j):
            sizes.append(j if i == 1 else i)
        else:
            raise ValueError(f"{check.name_of(layer)}: Inputs have incompatible shapes; got {a} and {b} (no batch).")
    return tuple(sizes)


@export("layers")
class Add(Merge):
    """The sum of the inputs.

    Shape:
        a list of `(batch, ...)` → `(batch, ...)`.

    Example:
        >>> Add()([np.ones((1, 2)), np.ones((1, 2))]).tolist()
        [[2.0, 2.0]]

    Source: https://keras.io/api/layers/merging_layers/add/
    """

    def merge(self, inputs: list[Array]) -> Array:
        """Adds from the left."""
        return functools.reduce(ops.add, inputs)


@export("layers")
class Subtract(Merge):
    """The first of two inputs minus the second.

    Shape:
        a list of two `(batch, ...)` → `(batch, ...)`.

    Raises:
        ValueError: for any other number of inputs.

    Source: https://keras.io/api/layers/merging_layers/subtract/
    """

    def build(self, input_shape: Any) -> None:
        """Makes nothing; checks the number and the shapes of the inputs."""
        super().build(input_shape)
        if len(input_shape) != 2:
            raise ValueError(
                f"{check.name_of(self)}: A `Subtract` layer should be called on exactly 2 inputs; "
                f"got shapes {input_shape}."
            )

    def merge(self, inputs: list[Array]) -> Array:
        """`first - second`."""
        first, second = inputs
        return ops.subtract(first, second)


@export("layers")
class Multiply(Merge):
    """The product of the inputs, entry by entry. What a mask hides counts as 1 in it.

    Shape:
        a list of `(batch, ...)` → `(batch, ...)`.

    Source: https://keras.io/api/layers/merging_layers/multiply/
    """

    def merge(self, inputs: list[Array]) -> Array:
        """Multiplies from the left; where all inputs are masked the output is 0."""
        masks = [_mask_of_entries(x) for x in inputs]
        factors = [
            x if m is None else jnp.where(m, x, jnp.ones((), x.dtype)) for x, m in zip(inputs, masks, strict=True)
        ]
        output = functools.reduce(ops.multiply, factors)
        if all(m is not None for m in masks):
            mask = functools.reduce(jnp.logical_or, masks)
            output = jnp.where(mask, output, jnp.zeros((), output.dtype))
            set_keras_mask(output, jnp.any(mask, axis=-1))
        return output


@export("layers")
class Average(Merge):
    """The mean of the inputs, entry by entry.

    Shape:
        a list of `(batch, ...)` → `(batch, ...)`.

    Source: https://keras.io/api/layers/merging_layers/average/
    """

    def merge(self, inputs: list[Array]) -> Array:
        """The sum, divided by the number of inputs."""
        return ops.divide(functools.reduce(ops.add, inputs), len(inputs))


@export("layers")
class Maximum(Merge):
    """The largest of the inputs, entry by entry. What a mask hides takes no part in it.

    Shape:
        a list of `(batch, ...)` → `(batch, ...)`.

    Source: https://keras.io/api/layers/merging_layers/maximum/
    """

    def merge(self, inputs: list[Array]) -> Array:
        """Compares from the left."""
        return _merge_unmasked(ops.maximum, inputs)


@export("layers")
class Minimum(Merge):
    """The smallest of the inputs, entry by entry. What a mask hides takes no part in it.

    Shape:
        a list of `(batch, ...)` → `(batch, ...)`.

    Source: https://keras.io/api/layers/merging_layers/minimum/
    """

    def merge(self, inputs: list[Array]) -> Array:
        """Compares from the left."""
        return _merge_unmasked(ops.minimum, inputs)


def _mask_of_entries(x: Array) -> Array | None:
    """The mask `(batch, time)` of a tensor `(batch, time, features)`, one truth value an entry."""
    mask = get_keras_mask(x)
    return None if mask is None else jnp.broadcast_to(mask[..., None], x.shape)


def _merge_unmasked(choose: Callable, inputs: list[Array]) -> Array:
    """Where one of two is masked, the other is the result: maximum and minimum have no neutral number."""
    output, mask = inputs[0], _mask_of_entries(inputs[0])
    for x in inputs[1:]:
        x_mask = _mask_of_entries(x)
        if x_mask is not None:
            x = jnp.where(x_mask, x, output)
        if mask is not None:
            output = jnp.where(mask, output, x)
        mask = None if mask is None or x_mask is None else jnp.logical_or(mask, x_mask)
        output = choose(output, x)
    if mask is not None:
        set_keras_mask(output, jnp.any(mask, axis=-1))
    return output


@export("layers")
def add(inputs: list, **kwargs: Any) -> Any:
    """`Add(**kwargs)(inputs)`."""
    return Add(**kwargs)(inputs)


@export("layers")
def subtract(inputs: list, **kwargs: Any) -> Any:
    """`Subtract(**kwargs)(inputs)`."""
    return Subtract(**kwargs)(inputs)


@export("layers")
def multiply(inputs: list, **kwargs: Any) -> Any:
    """`Multiply(**kwargs)(inputs)`."""
    return Multiply(**kwargs)(inputs)


@export("layers")
def average(inputs: list, **kwargs: Any) -> Any:
    """`Average(**kwargs)(inputs)`."""
    return Average(**kwargs)(inputs)


@export("layers")
def maximum(inputs: list, **kwargs: Any) -> Any:
    """`Maximum(**kwargs)(inputs)`."""
    return Maximum(**kwargs)(inputs)


@export("layers")
def minimum(inputs: list, **kwargs: Any) -> Any:
    """`Minimum(**kwargs)(inputs)`."""
    return Minimum(**kwargs)(inputs)
