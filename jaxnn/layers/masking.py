"""Masking: time steps that say nothing are hidden from the layers that follow."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from jaxnn import ops
from jaxnn.core.layer import Layer
from jaxnn.core.masking import set_keras_mask
from jaxnn.core.registry import deserialize_keras_object, export
from jaxnn.core.types import Array


@export("layers")
class Masking(Layer):
    """Hides the time steps at which all features equal `mask_value`: they become 0, and the mask travels on.

    Recurrent layers skip such steps, and losses leave them out.

    Args:
        mask_value: what fills the steps that are missing.

    Shape:
        `(batch, time, features)` → the same; the mask is `(batch, time)`, True where a step counts.

    Example:
        >>> x = np.array([[[1.0, 2.0], [9.0, 9.0]]])
        >>> Masking(9.0)(x).tolist()
        [[[1.0, 2.0], [0.0, 0.0]]]
        >>> Masking(9.0).compute_mask(x).tolist()
        [[True, False]]

    Source: https://keras.io/api/layers/core_layers/masking/
    """

    def __init__(self, mask_value: Any = 0.0, **kwargs: Any):
        super().__init__(**kwargs)
        self.mask_value = deserialize_keras_object(mask_value) if isinstance(mask_value, dict) else mask_value
        self.supports_masking = True
        self._build_at_init()

    def call(self, inputs: Array) -> Array:
        """The inputs with zeros where they are hidden."""
        counts = jnp.any(jnp.not_equal(inputs, self.mask_value), axis=-1, keepdims=True)
        outputs = jnp.where(counts, inputs, 0)
        set_keras_mask(outputs, counts[..., 0])
        return outputs

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """True where any feature differs from the mask value."""
        return ops.any(ops.not_equal(inputs, self.mask_value), axis=-1)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The input's shape."""
        return input_shape
