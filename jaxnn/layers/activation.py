"""Activation and the activations that are layers: ReLU, LeakyReLU, ELU, Softmax. PReLU, which learns, has its own file."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from jaxnn import activations, ops
from jaxnn.core import check
from jaxnn.core.config import warn_once
from jaxnn.core.layer import Layer
from jaxnn.core.registry import export
from jaxnn.core.types import Array


class _Elementwise(Layer):
    """A layer without weights whose output has the input's shape and mask."""

    def __init__(self, **kwargs: Any):
        super().__init__(**kwargs)
        self.supports_masking = True
        self._build_at_init()

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The input's shape."""
        return input_shape


@export("layers")
class Activation(_Elementwise):
    """Any activation as a layer of its own.

    Args:
        activation: a name such as "relu", or a function of an array.

    Shape:
        The output has the input's shape.

    Example:
        >>> Activation("relu")(np.array([-3.0, 0.0, 2.0])).tolist()
        [0.0, 0.0, 2.0]

    Source: https://keras.io/api/layers/core_layers/activation/
    """

    def __init__(self, activation: Any, **kwargs: Any):
        super().__init__(**kwargs)
        self.activation = activations.get(activation)

    def call(self, inputs: Array) -> Array:
        """`activation(inputs)`."""
        return self.activation(inputs)


@export("layers")
class ReLU(_Elementwise):
    """x from the threshold on, `negative_slope * (x - threshold)` below it, at most `max_value`.

    Args:
        max_value: where the output stops growing; None is nowhere.
        negative_slope: the slope below the threshold.
        threshold: where the slope changes, at least 0.

    Raises:
        ValueError: for a negative argument, or None where only `max_value` may be.

    Example:
        >>> ReLU(max_value=6.0, negative_slope=0.1)(np.array([-10.0, 3.0, 9.0])).tolist()
        [-1.0, 3.0, 6.0]

    Source: https://keras.io/api/layers/activation_layers/relu/
    """

    def __init__(self, max_value: Any = None, negative_slope: Any = 0.0, threshold: Any = 0.0, **kwargs: Any):
        super().__init__(**kwargs)
        if max_value is not None and max_value < 0.0:
            raise ValueError(
                f"{check.name_of(self)}: max_value of a ReLU layer cannot be a negative value; "
                f"got max_value={max_value}. Use None for no limit."
            )
        for name, value in (("negative_slope", negative_slope), ("threshold", threshold)):
            if value is None or value < 0.0:
                raise ValueError(
                    f"{check.name_of(self)}: {name} of a ReLU layer cannot be None or a negative value; "
                    f"got {name}={value}."
                )
        self.max_value, self.negative_slope, self.threshold = max_value, negative_slope, threshold

    def call(self, inputs: Array) -> Array:
        """The rectified inputs."""
        return activations.relu(
            inputs, negative_slope=self.negative_slope, max_value=self.max_value, threshold=self.threshold
        )


@export("layers")
class LeakyReLU(_Elementwise):
    """x where it is positive, `negative_slope * x` elsewhere, so that no unit ever stops learning.

    Args:
        negative_slope: at least 0. Keras 2's name for it, `alpha`, works too.

    Raises:
        ValueError: for None or a negative slope.

    Example:
        >>> LeakyReLU(0.5)(np.array([-10.0, 0.0, 5.0])).tolist()
        [-5.0, 0.0, 5.0]

    Source: Maas, Hannun, Ng, 2013; https://keras.io/api/layers/activation_layers/leaky_relu/
    """

    def __init__(self, negative_slope: Any = 0.3, **kwargs: Any):
        if "alpha" in kwargs:
            negative_slope = kwargs.pop("alpha")
            warn_once("Argument `alpha` is deprecated. Use `negative_slope` instead.")
        super().__init__(**kwargs)
        if negative_slope is None or negative_slope < 0:
            raise ValueError(
                f"{check.name_of(self)}: The negative_slope value of a Leaky ReLU layer cannot be None or negative "
                f"value; got negative_slope={negative_slope}. Use a number such as 0.3."
            )
        self.negative_slope = negative_slope

    def call(self, inputs: Array) -> Array:
        """The rectified inputs."""
        return activations.leaky_relu(inputs, negative_slope=self.negative_slope)


@export("layers")
class ELU(_Elementwise):
    """x where it is positive, `alpha * (exp(x) - 1)` elsewhere.

    Args:
        alpha: minus the value that very negative inputs approach.

    Example:
        >>> ELU()(np.array([-100.0, 0.0, 5.0])).tolist()
        [-1.0, 0.0, 5.0]

    Source: arXiv:1511.07289, equation 15; https://keras.io/api/layers/activation_layers/elu/
    """

    def __init__(self, alpha: float = 1.0, **kwargs: Any):
        super().__init__(**kwargs)
        self.alpha = alpha

    def call(self, inputs: Array) -> Array:
        """The activated inputs."""
        return activations.elu(inputs, alpha=self.alpha)


@export("layers")
class Softmax(_Elementwise):
    """exp(x) divided by its sum along one or several axes: positive numbers that sum to 1.

    Args:
        axis: an int, or a list of them over which the sum runs together.

    Raises:
        ValueError: from the call, for a mask that cannot be broadcast to the inputs.

    Example:
        >>> Softmax()(np.array([0.0, 0.0, 0.0, 0.0])).tolist()
        [0.25, 0.25, 0.25, 0.25]

    Source: https://keras.io/api/layers/activation_layers/softmax/
    """

    def __init__(self, axis: Any = -1, **kwargs: Any):
        super().__init__(**kwargs)
        self.axis = axis

    def call(self, inputs: Array, mask: Array | None = None) -> Array:
        """The softmax of the inputs; entries whose mask is False take no part and become 0."""
        if mask is None:
            return self._softmax(inputs)
        self._check_mask(mask, inputs)
        mask = mask if mask.dtype == bool else mask > 0.5
        hidden = -3e4 if inputs.dtype == jnp.float16 else -1e9
        return jnp.where(mask, self._softmax(jnp.where(mask, inputs, hidden)), 0.0)

    def _softmax(self, x: Array) -> Array:
        if not isinstance(self.axis, list | tuple):
            return activations.softmax(x, axis=self.axis)
        if len(self.axis) == 1:
            return activations.softmax(x, axis=self.axis[0])
        return jnp.exp(x - ops.logsumexp(x, axis=tuple(self.axis), keepdims=True))

    def _check_mask(self, mask: Array, inputs: Array) -> None:
        if mask.ndim > inputs.ndim:
            raise ValueError(
                f"{check.name_of(self)}: the `mask` must be broadcastable to `inputs` and must not have more "
                f"dimensions; got a mask of shape {mask.shape} for inputs of shape {inputs.shape}."
            )
        pairs = zip(mask.shape[::-1], inputs.shape[::-1], strict=False)
        if any(m not in (1, i) for m, i in pairs):
            raise ValueError(
                f"{check.name_of(self)}: the `mask` must be broadcastable to `inputs`, each of its dimensions 1 or "
                f"that of the inputs; got a mask of shape {mask.shape} for inputs of shape {inputs.shape}."
            )
