"""TimeDistributed: the same layer at each time step."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from jaxnn.core import check
from jaxnn.core.layer import Layer
from jaxnn.core.registry import export
from jaxnn.core.scope import StatelessScope
from jaxnn.core.types import Array
from jaxnn.layers.wrapper import Wrapper


@export("layers")
class TimeDistributed(Wrapper):
    """Applies a layer to each time step by itself, with the same weights.

    A layer that draws no random numbers and moves no state is computed for all steps at once. One that does, such as Dropout
    and BatchNormalization in training, is called step by step, in the order of time.

    Args:
        layer: for one time step.

    Call arguments:
        inputs: the sequences.
        training: handed to the layer, if it takes it.
        mask: `(batch, time, ...)`; each step's part is handed to the layer, if it takes one.

    Shape:
        `(batch, time, ...)` → `(batch, time, ...)`, what the layer makes of `(batch, ...)`.

    Raises:
        ValueError: if it is no layer, if the inputs have less than three axes, or if the mask's first two axes aren't theirs.

    Example:
        >>> TimeDistributed(Dense(4))(np.ones((2, 10, 3))).shape
        (2, 10, 4)

    Source: https://keras.io/api/layers/recurrent_layers/time_distributed/
    """

    def __init__(self, layer: Layer, **kwargs: Any):
        if not isinstance(layer, Layer):
            raise ValueError(
                f"TimeDistributed: Please initialize `TimeDistributed` layer with a `keras.layers.Layer` instance. "
                f"Received: {layer}"
            )
        super().__init__(layer, **kwargs)
        self.supports_masking = True

    def _step_shape(self, input_shape: Any) -> tuple:
        if not isinstance(input_shape, tuple | list) or len(input_shape) < 3:
            raise ValueError(
                f"{check.name_of(self)}: `TimeDistributed` Layer should be passed an `input_shape` with at least 3 "
                f"dimensions, received: {input_shape}. They are batch, time, and at least one of a step's own."
            )
        return (input_shape[0], *input_shape[2:])

    def build(self, input_shape: Any) -> None:
        """Builds the layer inside for one step."""
        super().build(self._step_shape(input_shape))

    def compute_output_shape(self, input_shape: Any) -> tuple:
        """What the layer makes of one step, with the time in second place."""
        batch, *rest = self.layer.compute_output_shape(self._step_shape(input_shape))
        return (batch, input_shape[1], *rest)

    def call(self, inputs: Array, training: bool | None = None, mask: Any = None) -> Array:
        """The layer's outputs for all steps."""
        if mask is not None:
            self._check_mask(mask.shape, inputs.shape)
        mask = mask if self.layer._call_has_mask_arg else None
        kwargs = {"training": training} if self.layer._call_has_training_arg else {}

        def step(x: Array, mask: Any) -> Array:
            return self.layer.call(x, **kwargs, **({} if mask is None else {"mask": mask}))

        with _Probe(collect_losses=True) as probe:
            outputs = jax.vmap(step, (1, None if mask is None else 1), 1)(inputs, mask)
        if not probe.found(self.layer):
            return outputs
        times = range(inputs.shape[1])
        return jnp.stack([step(inputs[:, t], None if mask is None else mask[:, t]) for t in times], 1)

    def _check_mask(self, mask: tuple, inputs: tuple) -> None:
        if len(mask) < 2:
            raise ValueError(
                f"The `mask` passed to the `TimeDistributed` layer must be at least 2D (e.g., `(batch_size, timesteps)`), "
                f"but it has {len(mask)} dimension(s) with shape {mask}."
            )
        if mask[:2] != inputs[:2]:
            raise ValueError(
                f"The `mask` passed to the `TimeDistributed` layer has a shape {mask} that is incompatible with the input "
                f"shape {inputs}. The first two dimensions of the mask (batch size and timesteps) must match the input's "
                f"first two dimensions. Expected mask shape prefix: {inputs[:2]}."
            )


class _Probe(StatelessScope):
    """Finds out whether a layer draws, writes or adds losses, and lets nothing of it out."""

    drawn = False

    def draw_key(self) -> Array | None:
        key = super().draw_key()
        self.drawn = self.drawn or key is not None
        return key

    def found(self, layer: Layer) -> bool:
        """Whether the layer did; its losses in here are forgotten."""
        ids = {id(x) for x in self.losses}
        for inner in layer._flatten_layers():
            inner._loss_ids -= ids
        return bool(self.drawn or self.known() or ids)
