"""Normalisation within each example: LayerNormalization, GroupNormalization, RMSNormalization, UnitNormalization.

BatchNormalization, which normalises across examples and remembers their statistics, has its own file.
"""

from __future__ import annotations

from typing import Any

import jax

from jaxnn import constraints, initializers, ops, regularizers
from jaxnn.core import check
from jaxnn.core.config import warn_once
from jaxnn.core.dtypes import result_type
from jaxnn.core.input_spec import InputSpec
from jaxnn.core.layer import Layer, default
from jaxnn.core.registry import export
from jaxnn.core.types import Array


class ScaledAndShifted(Layer):
    """What follows a normalisation: a learned scale gamma and a learned shift beta, each of which may be absent."""

    gamma = None
    beta = None

    def _take_scale_and_shift(
        self,
        center: bool,
        scale: bool,
        initializer: tuple[Any, Any],
        regularizer: tuple[Any, Any],
        constraint: tuple[Any, Any],
    ) -> None:
        """Keeps the constructor's arguments; the pairs are those of beta and gamma."""
        self.center, self.scale = center, scale
        self.beta_initializer, self.gamma_initializer = map(initializers.get, initializer)
        self.beta_regularizer, self.gamma_regularizer = map(regularizers.get, regularizer)
        self.beta_constraint, self.gamma_constraint = map(constraints.get, constraint)

    def _build_scale_and_shift(self, shape: tuple, scale: bool, center: bool) -> None:
        self.gamma = self._weight("gamma", shape) if scale else None
        self.beta = self._weight("beta", shape) if center else None

    def _weight(self, name: str, shape: tuple) -> Any:
        return self.add_weight(
            shape,
            getattr(self, f"{name}_initializer"),
            regularizer=getattr(self, f"{name}_regularizer"),
            constraint=getattr(self, f"{name}_constraint"),
            autocast=False,  # statistics are computed in float32, and so is what follows them
            name=name,
        )


@export("layers")
class LayerNormalization(ScaledAndShifted):
    """`(x - mean) / sqrt(variance + epsilon) * gamma + beta`, mean and variance taken over the features of an example.

    Args:
        axis: over which the statistics run; gamma and beta have these axes' sizes.
        epsilon: keeps the quotient finite.
        center, scale: whether there is a beta and a gamma.
        beta_initializer, gamma_initializer: how they start.
        beta_regularizer, gamma_regularizer: penalties added to the loss.
        beta_constraint, gamma_constraint: applied after each update.

    Shape:
        The output has the input's shape.

    Raises:
        TypeError: if the axis is neither an int nor a list of ints.

    Example:
        >>> LayerNormalization(epsilon=0.0)(np.array([[1.0, 3.0], [10.0, 30.0]])).tolist()
        [[-1.0, 1.0], [-1.0, 1.0]]

    Source: arXiv:1607.06450, equation 3; https://keras.io/api/layers/normalization_layers/layer_normalization/
    """

    def __init__(
        self,
        axis: Any = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        **kwargs: Any,
    ):
        rms_scaling = kwargs.pop("rms_scaling", False)
        if rms_scaling:
            warn_once(
                "LayerNormalization: `rms_scaling=True` is deprecated, since it divides by the standard deviation and "
                "not by the root mean square. Use RMSNormalization instead."
            )
        super().__init__(**kwargs)
        self.axis = _axes_argument(axis, "Expected an int or a list/tuple of ints for the argument 'axis'")
        self.epsilon, self.rms_scaling = epsilon, rms_scaling
        self._take_scale_and_shift(
            center,
            scale,
            (beta_initializer, gamma_initializer),
            (beta_regularizer, gamma_regularizer),
            (beta_constraint, gamma_constraint),
        )
        self.supports_masking = True
        self.autocast = False

    def build(self, input_shape: Any) -> None:
        """Makes gamma and beta for the sizes of the axes."""
        self.axis = sorted(self.axis) if isinstance(self.axis, list) else [self.axis]
        shape = tuple(check.known_axis(self, input_shape, axis) for axis in self.axis)
        self._build_scale_and_shift(shape, self.scale or self.rms_scaling, self.center and not self.rms_scaling)

    def call(self, inputs: Array) -> Array:
        """The normalised inputs, in the compute dtype."""
        outputs = ops.layer_normalization(
            inputs, self.gamma, self.beta, self.axis, self.epsilon, rms_scaling=self.rms_scaling
        )
        return outputs.astype(self.compute_dtype)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The input's shape."""
        return with_axes(self, input_shape)

    @default
    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, `rms_scaling` among them."""
        return {**super().get_config(), "rms_scaling": self.rms_scaling}


@export("layers")
class GroupNormalization(ScaledAndShifted):
    """`(x - mean) / sqrt(variance + epsilon) * gamma + beta`, statistics over positions and a group of channels.

    Args:
        groups: how many; a divisor of the number of channels. 1 takes all channels together, -1 each alone (instance
            normalisation).
        axis: of the channels.
        epsilon: keeps the quotient finite.
        center, scale: whether there is a beta and a gamma, one a channel.
        beta_initializer, gamma_initializer: how they start.
        beta_regularizer, gamma_regularizer: penalties added to the loss.
        beta_constraint, gamma_constraint: applied after each update.

    Shape:
        The output has the input's shape.

    Raises:
        ValueError: if `groups` is neither positive nor -1, or, when built, doesn't divide the number of channels.

    Example:
        >>> GroupNormalization(2, epsilon=0.0)(np.array([[1.0, 3.0, 10.0, 30.0]])).tolist()
        [[-1.0, 1.0, -1.0, 1.0]]

    Source: arXiv:1803.08494, section 3; https://keras.io/api/layers/normalization_layers/group_normalization/
    """

    def __init__(
        self,
        groups: int = 32,
        axis: int = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        if not isinstance(groups, int) or (groups <= 0 and groups != -1):
            raise ValueError(
                f"{check.name_of(self)}: argument `groups` must be a positive integer, or -1 for instance "
                f"normalization; got groups={groups}."
            )
        self.groups, self.axis, self.epsilon = groups, axis, epsilon
        self._take_scale_and_shift(
            center,
            scale,
            (beta_initializer, gamma_initializer),
            (beta_regularizer, gamma_regularizer),
            (beta_constraint, gamma_constraint),
        )
        self.supports_masking = True
        self.autocast = False

    def build(self, input_shape: Any) -> None:
        """Makes gamma and beta, one entry a channel."""
        channels = input_shape[self.axis]
        who = check.name_of(self)
        if channels is None:
            raise ValueError(
                f"{who}: axis {self.axis} of the input tensor should have a defined dimension but the layer received "
                f"an input with shape {input_shape}. Declare it: Input((..., channels))."
            )
        if self.groups == -1:
            self.groups = channels
        if channels < self.groups:
            raise ValueError(
                f"{who}: the number of groups ({self.groups}) cannot be more than the number of channels ({channels})."
            )
        if channels % self.groups != 0:
            raise ValueError(
                f"{who}: the number of groups ({self.groups}) must be a multiple of the number of channels, that is, "
                f"must divide it without rest; got {channels} channels."
            )
        self.input_spec = InputSpec(ndim=len(input_shape), axes={self.axis: channels})
        self._build_scale_and_shift((channels,), self.scale, self.center)

    def call(self, inputs: Array) -> Array:
        """The normalised inputs, in the compute dtype."""
        x = inputs.astype(result_type(inputs.dtype, "float32"))  # half precision overflows in the sums
        outputs = _group_normalization(x, self.gamma, self.beta, self.groups, self.axis % x.ndim, self.epsilon)
        return outputs.astype(self.compute_dtype)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The input's shape."""
        return with_axes(self, input_shape)


def _group_normalization(x: Array, gamma: Any, beta: Any, groups: int, axis: int, epsilon: float) -> Array:
    """Splits the channels into groups, a new axis before what is left of theirs; all axes but it are reduced."""
    split = (groups, x.shape[axis] // groups)
    grouped = x.reshape(*x.shape[:axis], *split, *x.shape[axis + 1 :])
    reduced = [i for i in range(1, grouped.ndim) if i != axis]
    mean, variance = ops.moments(grouped, axes=reduced, keepdims=True)
    channels = (*(1,) * axis, *split, *(1,) * (x.ndim - axis - 1))
    scale = jax.lax.rsqrt(variance + epsilon)
    if gamma is not None:
        scale = scale * gamma.value.reshape(channels).astype(x.dtype)
    shift = -mean * scale
    if beta is not None:
        shift = shift + beta.value.reshape(channels).astype(x.dtype)
    return (grouped * scale + shift).reshape(x.shape)


@export("layers")
class RMSNormalization(Layer):
    """`x / sqrt(mean(x²) + epsilon) * scale`: layer normalisation without the mean.

    Args:
        axis: over which the mean runs; the learned scale has these axes' sizes.
        epsilon: keeps the quotient finite.

    Shape:
        The output has the input's shape.

    Example:
        >>> RMSNormalization(epsilon=0.0)(np.array([[3.0, 3.0], [-5.0, 5.0]])).tolist()
        [[1.0, 1.0], [-1.0, 1.0]]

    Source: arXiv:1910.07467, equation 4; https://keras.io/api/layers/normalization_layers/rms_normalization/
    """

    def __init__(self, axis: Any = -1, epsilon: float = 1e-6, **kwargs: Any):
        super().__init__(**kwargs)
        self.axis, self.epsilon = axis, epsilon

    def build(self, input_shape: Any) -> None:
        """Makes the scale for the sizes of the axes."""
        self.axis = sorted(self.axis) if isinstance(self.axis, list | tuple) else [self.axis]
        shape = tuple(check.known_axis(self, input_shape, axis) for axis in self.axis)
        self.scale = self.add_weight(shape, "ones", name="scale")

    def call(self, x: Array) -> Array:
        """The normalised inputs."""
        return ops.rms_normalization(x, scale=self.scale, axis=self.axis, epsilon=self.epsilon)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The input's shape."""
        return with_axes(self, input_shape)


@export("layers")
class UnitNormalization(Layer):
    """`x / ||x||`: each example gets the Euclidean norm 1 over the given axes.

    Args:
        axis: over which the norm runs.

    Shape:
        The output has the input's shape.

    Raises:
        TypeError: if the axis is neither an int nor a list of ints.

    Example:
        >>> UnitNormalization()(np.array([[3.0, 4.0]])).tolist()
        [[0.6000000238418579, 0.800000011920929]]

    Source: https://keras.io/api/layers/normalization_layers/unit_normalization/
    """

    def __init__(self, axis: Any = -1, **kwargs: Any):
        super().__init__(**kwargs)
        expected = "Invalid value for `axis` argument: expected an int or a list/tuple of ints."
        self.axis = _axes_argument(axis, expected)
        self.supports_masking = True
        self._build_at_init()

    def call(self, inputs: Array) -> Array:
        """The normalised inputs."""
        return ops.normalize(inputs, axis=self.axis, order=2, epsilon=1e-12)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The input's shape."""
        return with_axes(self, input_shape)


def _axes_argument(axis: Any, expected: str) -> Any:
    if isinstance(axis, list | tuple):
        return list(axis)
    if isinstance(axis, int):
        return axis
    raise TypeError(f"{expected}; got axis={axis!r}.")


def with_axes(layer: Any, shape: Any) -> Any:
    """The shape, if it has the layer's axes."""
    n = len(shape)
    for axis in [layer.axis] if isinstance(layer.axis, int) else layer.axis:
        if not -n <= axis < n:
            raise ValueError(
                f"{check.name_of(layer)}: Axis {axis} is out of bounds for input shape {shape}; "
                f"got axis={layer.axis}. Use numbers from {-n} to {n - 1}."
            )
    return shape
