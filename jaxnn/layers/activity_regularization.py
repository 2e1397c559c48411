"""ActivityRegularization: a penalty on what passes through."""

from __future__ import annotations

from typing import Any

from jaxnn import regularizers
from jaxnn.core.layer import Layer
from jaxnn.core.registry import export
from jaxnn.core.types import Array


@export("layers")
class ActivityRegularization(Layer):
    """Adds `l1 * sum|x| + l2 * sum x²`, divided by the batch's size, to the loss. The inputs pass unchanged.

    Args:
        l1, l2: the penalties' factors, at least 0.

    Example:
        >>> layer = ActivityRegularization(l1=0.5)
        >>> _ = layer(np.array([[-1.0, 3.0]]))
        >>> layer.losses
        [Array(2., dtype=float32)]

    Source: https://keras.io/api/layers/regularization_layers/activity_regularization/
    """

    def __init__(self, l1: float = 0.0, l2: float = 0.0, **kwargs: Any):
        super().__init__(activity_regularizer=regularizers.L1L2(l1=l1, l2=l2), **kwargs)
        self.supports_masking = True
        self.l1, self.l2 = l1, l2
        self._build_at_init()

    def call(self, inputs: Array) -> Array:
        """The inputs."""
        return inputs

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The input's shape."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """The factors, from which the regularizer is made again."""
        config = super().get_config()
        del config["activity_regularizer"]
        return config
