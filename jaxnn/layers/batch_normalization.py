"""BatchNormalization: each feature gets mean 0 and variance 1 over the batch; what was seen is remembered for later."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
from jax import lax

from jaxnn import initializers, ops
from jaxnn.core import check
from jaxnn.core.config import epsilon as tiny
from jaxnn.core.dtypes import result_type
from jaxnn.core.input_spec import InputSpec
from jaxnn.core.registry import export
from jaxnn.core.types import Array
from jaxnn.core.variable import Variable
from jaxnn.layers.normalization import ScaledAndShifted, with_axes


@export("layers")
class BatchNormalization(ScaledAndShifted):
    """`(x - mean) / sqrt(variance + epsilon) * gamma + beta`, one mean and variance for each feature.

    In training they are those of the batch, and move the remembered ones:
    `moving = momentum * moving + (1 - momentum) * batch`. Otherwise the remembered ones are used. A frozen layer
    (`trainable = False`) uses the remembered ones in training too, and leaves them as they are.

    Args:
        axis: of the features; 1 after a convolution with channels first.
        momentum: the share of the remembered statistics that a step keeps.
        epsilon: keeps the quotient finite.
        center, scale: whether there is a beta and a gamma.
        beta_initializer, gamma_initializer, moving_mean_initializer, moving_variance_initializer: how they start.
        beta_regularizer, gamma_regularizer: penalties added to the loss.
        beta_constraint, gamma_constraint: applied after each update.
        renorm: batch renormalisation: in training too the outputs follow moving statistics, by a correction that
            the gradient doesn't see.
        renorm_clipping: limits of that correction, `{"rmin": ..., "rmax": ..., "dmax": ...}`.
        renorm_momentum: as `momentum`, for the statistics behind the correction.
        synchronized: must be False, see Raises.

    Shape:
        The output has the input's shape. All weights have shape `(features,)`; in order: gamma, beta, moving_mean,
        moving_variance, and with `renorm` moving_stddev, renorm_mean, renorm_stddev.

    Raises:
        ValueError: for `synchronized=True` (in JAX the batch of a program is the whole batch, however many devices
            share it, so there is nothing to ask for); for limits that contradict each other; in the call, for a mask
            that hasn't one dimension less than the inputs.

    Example:
        >>> layer = BatchNormalization(momentum=0.9, epsilon=0.0)
        >>> layer(np.array([[1.0], [3.0]]), training=True).tolist()
        [[-1.0], [1.0]]
        >>> round(layer.moving_mean.numpy().item(), 6)  # 0.9 * 0 + 0.1 * 2
        0.2

    Source: arXiv:1502.03167, algorithms 1 and 2; arXiv:1702.03275 for `renorm`;
    https://keras.io/api/layers/normalization_layers/batch_normalization/
    """

    def __init__(
        self,
        axis: int = -1,
        momentum: float = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        moving_mean_initializer: Any = "zeros",
        moving_variance_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        renorm: bool = False,
        renorm_clipping: dict[str, float] | None = None,
        renorm_momentum: float = 0.99,
        synchronized: bool = False,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        if synchronized:
            raise ValueError(
                f"{check.name_of(self)}: `synchronized=True` is for TensorFlow's replicas. Leave it out: in a compiled "
                "JAX step the statistics are those of the whole batch, on however many devices."
            )
        self.axis, self.momentum, self.epsilon = int(axis), float(momentum), float(epsilon)
        self.synchronized = synchronized
        self._take_scale_and_shift(
            center,
            scale,
            (beta_initializer, gamma_initializer),
            (beta_regularizer, gamma_regularizer),
            (beta_constraint, gamma_constraint),
        )
        self.moving_mean_initializer = initializers.get(moving_mean_initializer)
        self.moving_variance_initializer = initializers.get(moving_variance_initializer)
        self.renorm, self.renorm_momentum = renorm, renorm_momentum
        self.renorm_clipping = _checked_clipping(self, renorm_clipping or {}) if renorm else renorm_clipping
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        """Makes the weights for the number of features."""
        shape = (check.known_axis(self, input_shape, self.axis),)
        self._build_scale_and_shift(shape, self.scale, self.center)
        self.moving_mean = self._statistic("moving_mean", self.moving_mean_initializer, shape)
        self.moving_variance = self._statistic("moving_variance", self.moving_variance_initializer, shape)
        if self.renorm:
            root = _SquareRoot(self.moving_variance_initializer)
            self.moving_stddev = self._statistic("moving_stddev", root, shape)
            self.renorm_mean = self._statistic("renorm_mean", _clone(self.moving_mean_initializer), shape)
            self.renorm_stddev = self._statistic("renorm_stddev", root, shape)
        self.input_spec = InputSpec(ndim=len(input_shape), axes={self.axis: input_shape[self.axis]})

    def _statistic(self, name: str, initializer: Any, shape: tuple) -> Variable:
        return self.add_weight(shape, initializer, trainable=False, autocast=False, name=name)

    def call(self, inputs: Array, training: bool | None = None, mask: Array | None = None) -> Array:
        """The normalised inputs, in the compute dtype; entries whose mask is False don't count in the statistics."""
        if mask is not None and mask.ndim != inputs.ndim - 1:
            raise ValueError(
                f"{check.name_of(self)}: The mask provided should be one dimension less than the inputs; got a mask "
                f"of shape {mask.shape} for inputs of shape {inputs.shape}."
            )
        x = inputs.astype(result_type(inputs.dtype, "float32"))  # half precision overflows in the sums
        gamma, beta = (None if v is None else v.value.astype(x.dtype) for v in (self.gamma, self.beta))
        if training and self.trainable:
            mean, variance = _moments(x, self.axis, mask)
            if self.renorm:
                gamma, beta = self._corrected(mean, variance, gamma, beta)
                self._remember_for_renorm(mean, variance)
            else:
                _move(self.moving_mean, mean, self.momentum)
                _move(self.moving_variance, variance, self.momentum)
        else:
            mean, variance = (v.value.astype(x.dtype) for v in (self.moving_mean, self.moving_variance))
        outputs = ops.batch_normalization(
            x, mean, variance, axis=self.axis, offset=beta, scale=gamma, epsilon=self.epsilon
        )
        return outputs.astype(self.compute_dtype)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The input's shape."""
        return with_axes(self, input_shape)

    # --- batch renormalisation: (x * r + d) * gamma + beta, with r and d constants to the gradient --------------------

    def _corrected(self, mean: Array, variance: Array, gamma: Any, beta: Any) -> tuple[Array, Array]:
        """The scale and the shift with the correction in them."""
        stddev = jnp.sqrt(variance + self.epsilon)
        floor = jnp.sqrt(jnp.asarray(self.epsilon, mean.dtype))
        known_stddev = jnp.maximum(self.renorm_stddev.value.astype(mean.dtype), floor)
        r = stddev / known_stddev
        d = (mean - self.renorm_mean.value.astype(mean.dtype)) / known_stddev
        rmin, rmax, dmax = (self.renorm_clipping.get(name) for name in _LIMITS)
        r = r if rmin is None else jnp.maximum(r, rmin)
        r = r if rmax is None else jnp.minimum(r, rmax)
        d = d if dmax is None else jnp.clip(d, -dmax, dmax)
        r, d = lax.stop_gradient(r), lax.stop_gradient(d)
        if gamma is not None:
            r, d = r * gamma, d * gamma
        return r, d if beta is None else d + beta

    def _remember_for_renorm(self, mean: Array, variance: Array) -> None:
        stddev = jnp.sqrt(variance + self.epsilon)
        _move(self.renorm_mean, mean, self.renorm_momentum)
        _move(self.renorm_stddev, stddev, self.renorm_momentum)
        _move(self.moving_mean, mean, self.momentum)
        moved = _move(self.moving_stddev, stddev, self.momentum)
        self.moving_variance.assign(jnp.maximum(moved * moved - self.epsilon, 0))


def _move(statistic: Variable, value: Array, momentum: float) -> Array:
    moved = statistic.value.astype(value.dtype) * momentum + value * (1.0 - momentum)
    statistic.assign(moved)
    return moved


def _moments(x: Array, axis: int, mask: Array | None) -> tuple[Array, Array]:
    """Mean and variance of each feature, over the entries whose mask is True."""
    axes = [i for i in range(x.ndim) if i != axis % x.ndim]
    if mask is None:
        return ops.moments(x, axes=axes)
    kept = jnp.broadcast_to(mask[..., None], x.shape).astype(bool)
    count = jnp.sum(kept.astype(x.dtype), axes, keepdims=True) + tiny()
    mean = jnp.sum(jnp.where(kept, x, 0), axes, keepdims=True) / count
    variance = jnp.sum(jnp.square(jnp.where(kept, x - mean, 0)), axes, keepdims=True) / count
    return jnp.squeeze(mean, axes), jnp.squeeze(variance, axes)


class _SquareRoot:
    """The root of what another initializer gives."""

    def __init__(self, initializer: Any):
        self.initializer = initializer

    def __call__(self, shape: tuple, dtype: Any = None) -> Any:
        return jnp.sqrt(_clone(self.initializer)(shape, dtype=dtype))


def _clone(initializer: Any) -> Any:
    return initializer.clone() if isinstance(initializer, initializers.Initializer) else initializer


_LIMITS = ("rmin", "rmax", "dmax")


def _checked_clipping(layer: Any, limits: dict[str, float]) -> dict[str, float]:
    who = check.name_of(layer)
    if set(limits) - set(_LIMITS):
        raise ValueError(
            f"{who}: Received invalid keys for `renorm_clipping` argument: {limits}. Use {', '.join(_LIMITS)}."
        )
    rmin, rmax, dmax = (limits.get(name) for name in _LIMITS)
    if rmax is not None and rmin is not None and rmax < rmin:
        raise ValueError(f"{who}: rmax should be greater than rmin in `renorm_clipping`; got rmax={rmax}, rmin={rmin}.")
    if dmax is not None and dmax < 0:
        raise ValueError(f"{who}: dmax should be non-negative in `renorm_clipping`; got dmax={dmax}.")
    return limits
