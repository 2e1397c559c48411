"""Identity: whatever comes in goes out."""

from __future__ import annotations

from typing import Any

from jaxnn.core import tree
from jaxnn.core.graph import KerasTensor
from jaxnn.core.layer import Layer
from jaxnn.core.registry import export


@export("layers")
class Identity(Layer):
    """Gives its inputs back: a place in a model where something else may stand.

    Example:
        >>> Identity()(np.array([1.0, 2.0])).tolist()
        [1.0, 2.0]

    Source: https://keras.io/api/layers/core_layers/identity/
    """

    def __init__(self, **kwargs: Any):
        super().__init__(**kwargs)
        self.supports_masking = True
        self._build_at_init()

    def call(self, inputs: Any) -> Any:
        """The inputs."""
        return inputs

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The input's shape."""
        return input_shape

    def compute_output_spec(self, inputs: Any) -> Any:
        """New symbolic tensors of the inputs' shapes and dtypes."""
        return tree.map_structure(lambda x: KerasTensor(x.shape, x.dtype, x.sparse), inputs)
