"""PReLU: a leaky ReLU whose slopes are learned."""

from __future__ import annotations

from typing import Any

from jaxnn import activations, constraints, initializers, regularizers
from jaxnn.core.input_spec import InputSpec
from jaxnn.core.layer import Layer
from jaxnn.core.registry import export
from jaxnn.core.types import Array


@export("layers")
class PReLU(Layer):
    """x where it is positive, `alpha * x` elsewhere, with an alpha learned for each unit.

    Args:
        alpha_initializer, alpha_regularizer, alpha_constraint: of the slopes.
        shared_axes: axes along which one slope serves all units: [1, 2] after a 2D convolution gives one a channel.

    Shape:
        `(batch, ...)` → the same; alpha has the input's shape without the batch, and 1 on the shared axes.

    Raises:
        ValueError: if an axis that is not shared has an unknown size.

    Example:
        >>> PReLU("ones")(np.array([[-2.0, 3.0]])).tolist()
        [[-2.0, 3.0]]

    Source: arXiv:1502.01852, equation 1; https://keras.io/api/layers/activation_layers/prelu/
    """

    def __init__(
        self,
        alpha_initializer: Any = "Zeros",
        alpha_regularizer: Any = None,
        alpha_constraint: Any = None,
        shared_axes: Any = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.supports_masking = True
        self.alpha_initializer = initializers.get(alpha_initializer)
        self.alpha_regularizer = regularizers.get(alpha_regularizer)
        self.alpha_constraint = constraints.get(alpha_constraint)
        if shared_axes is not None:
            shared_axes = list(shared_axes) if isinstance(shared_axes, list | tuple) else [shared_axes]
        self.shared_axes = shared_axes

    def build(self, input_shape: Any) -> None:
        """Makes the slopes."""
        shape = list(input_shape[1:])
        for axis in self.shared_axes or ():
            shape[axis - 1] = 1
        self.alpha = self.add_weight(
            shape,
            self.alpha_initializer,
            regularizer=self.alpha_regularizer,
            constraint=self.alpha_constraint,
            name="alpha",
        )
        own = range(1, len(input_shape)) if self.shared_axes else ()
        axes = {axis: input_shape[axis] for axis in own if axis not in self.shared_axes}
        self.input_spec = InputSpec(ndim=len(input_shape), axes=axes)

    def call(self, inputs: Array) -> Array:
        """`max(x, 0) - alpha * max(-x, 0)`."""
        return activations.relu(inputs) + -self.alpha * activations.relu(-inputs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The input's shape."""
        return input_shape
