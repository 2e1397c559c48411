"""Weights whose variance follows from the number of inputs or outputs: Glorot's, He's, LeCun's."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from jaxnn.core.registry import export
from jaxnn.core.types import Array
from jaxnn.initializers.drawing import RandomInitializer, draw_normal, draw_uniform

_STDDEV_WITHIN_TWO = 0.87962566103423978  # of a standard normal that is cut off at two standard deviations


@export("initializers")
class VarianceScaling(RandomInitializer):
    """Numbers around 0 whose variance is scale / n, so that a layer's outputs keep the variance of its inputs.

    n is the number of inputs that a unit sums over ("fan_in"), the number of units that an input reaches ("fan_out"), or
    the mean of both ("fan_avg"). See `compute_fans`.

    Args:
        scale: above 0.
        mode: "fan_in", "fan_out" or "fan_avg".
        distribution: "truncated_normal" (or "normal"; cut off at two standard deviations, and widened so that the
            variance holds), "untruncated_normal" or "uniform".
        seed: see `RandomInitializer`.
        input_axes: the axes of the weight that count as inputs; None guesses them from its shape.
        output_axes: those that count as outputs.

    Raises:
        ValueError: for a scale that is not above 0, and for an unknown mode or distribution.

    Example:
        >>> bool(abs(VarianceScaling(3.0, distribution="uniform", seed=0)((9, 100))).max() <= 1.0)
        True

    Source: He et al., arXiv:1502.01852, section 2.2.
    """

    def __init__(
        self,
        scale: float = 1.0,
        mode: str = "fan_in",
        distribution: str = "truncated_normal",
        seed: Any = None,
        input_axes: Sequence[int] | None = None,
        output_axes: Sequence[int] | None = None,
    ):
        if scale <= 0.0:
            raise ValueError(f"Argument `scale` must be positive float. Received: scale={scale}")
        if mode not in ("fan_in", "fan_out", "fan_avg"):
            raise ValueError(f"Invalid `mode` argument: {mode}. Please use 'fan_in', 'fan_out' or 'fan_avg'.")
        distribution = {"normal": "truncated_normal"}.get(distribution.lower(), distribution.lower())
        if distribution not in ("uniform", "truncated_normal", "untruncated_normal"):
            raise ValueError(
                f"Invalid `distribution` argument: {distribution}. Please use 'uniform', 'truncated_normal' or "
                "'untruncated_normal'."
            )
        self.scale, self.mode, self.distribution = scale, mode, distribution
        self.input_axes, self.output_axes = input_axes, output_axes
        super().__init__(seed)

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Array | np.ndarray:
        """Numbers of a shape, scaled by it."""
        fan_in, fan_out = compute_fans(shape, self.input_axes, self.output_axes)
        fan = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2.0}[self.mode]
        variance = self.scale / max(1.0, fan)
        if self.distribution == "uniform":
            limit = math.sqrt(3.0 * variance)
            return draw_uniform(shape, -limit, limit, dtype, self.seed)
        if self.distribution == "untruncated_normal":
            return draw_normal(shape, 0.0, math.sqrt(variance), dtype, self.seed)
        return draw_normal(shape, 0.0, math.sqrt(variance) / _STDDEV_WITHIN_TWO, dtype, self.seed, truncated=True)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        own = {name: getattr(self, name) for name in ("scale", "mode", "distribution", "input_axes", "output_axes")}
        return {**super().get_config(), **own}


class _FixedScaling(VarianceScaling):
    """A variance scaling whose scale, mode and distribution are its name."""

    _fixed: tuple[float, str, str]

    def __init__(
        self, seed: Any = None, input_axes: Sequence[int] | None = None, output_axes: Sequence[int] | None = None
    ):
        super().__init__(*self._fixed, seed, input_axes, output_axes)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        config = super().get_config()
        return {name: config[name] for name in ("seed", "input_axes", "output_axes")}


@export("initializers")
class GlorotUniform(_FixedScaling):
    """Uniform within ±sqrt(6 / (fan_in + fan_out)); also called Xavier. The default of Dense and the convolutions.

    Args: `seed`, `input_axes`, `output_axes` as in `VarianceScaling`.

    Example:
        >>> bool(abs(GlorotUniform(seed=0)((2, 4))).max() <= 1.0)
        True

    Source: Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks" (2010), eq. 16.
    """

    _fixed = (1.0, "fan_avg", "uniform")


@export("initializers")
class GlorotNormal(_FixedScaling):
    """Truncated normal of variance 2 / (fan_in + fan_out).

    Args: `seed`, `input_axes`, `output_axes` as in `VarianceScaling`.
    Source: Glorot and Bengio (2010), eq. 12.
    """

    _fixed = (1.0, "fan_avg", "truncated_normal")


@export("initializers")
class LecunNormal(_FixedScaling):
    """Truncated normal of variance 1 / fan_in; for `selu`.

    Args: `seed`, `input_axes`, `output_axes` as in `VarianceScaling`.

    Example: `Dense(3, "selu", kernel_initializer="lecun_normal")`

    Source: Klambauer et al., arXiv:1706.02515, section 2.
    """

    _fixed = (1.0, "fan_in", "truncated_normal")


@export("initializers")
class LecunUniform(_FixedScaling):
    """Uniform within ±sqrt(3 / fan_in).

    Args: `seed`, `input_axes`, `output_axes` as in `VarianceScaling`.
    Source: LeCun et al., "Efficient BackProp" (1998), section 4.6.
    """

    _fixed = (1.0, "fan_in", "uniform")


@export("initializers")
class HeNormal(_FixedScaling):
    """Truncated normal of variance 2 / fan_in; for `relu`.

    Args: `seed`, `input_axes`, `output_axes` as in `VarianceScaling`.

    Example: `Dense(3, "relu", kernel_initializer="he_normal")`

    Source: He et al., arXiv:1502.01852, eq. 10.
    """

    _fixed = (2.0, "fan_in", "truncated_normal")


@export("initializers")
class HeUniform(_FixedScaling):
    """Uniform within ±sqrt(6 / fan_in); for `relu`.

    Args: `seed`, `input_axes`, `output_axes` as in `VarianceScaling`.

    Example: `Dense(3, "relu", kernel_initializer="he_uniform")`

    Source: He et al., arXiv:1502.01852, eq. 10.
    """

    _fixed = (2.0, "fan_in", "uniform")


def compute_fans(
    shape: Sequence[int], input_axes: Sequence[int] | None = None, output_axes: Sequence[int] | None = None
) -> tuple[int, int]:
    """How many inputs a unit sums over and how many units an input reaches, for a weight of this shape.

    Args:
        shape: a matrix's (inputs, units), or a convolution's (..., inputs, filters), whose leading axes count for both;
            a vector counts its length for both.
        input_axes: if given with `output_axes`: the axes whose product is the first number.
        output_axes: those whose product is the second.

    Example:
        >>> compute_fans((3, 3, 16, 32))
        (144, 288)
    """
    if input_axes is not None and output_axes is not None:
        return math.prod(int(shape[i]) for i in input_axes), math.prod(int(shape[i]) for i in output_axes)
    sizes = [int(size) for size in shape]
    if len(sizes) < 2:
        return math.prod(sizes), math.prod(sizes)
    window = math.prod(sizes[:-2])
    return window * sizes[-2], window * sizes[-1]


glorot_normal = GlorotNormal
glorot_uniform = GlorotUniform
he_normal = HeNormal
he_uniform = HeUniform
lecun_normal = LecunNormal
lecun_uniform = LecunUniform
variance_scaling = VarianceScaling
