"""Noise while training: GaussianNoise adds, GaussianDropout multiplies, AlphaDropout keeps what SELU needs."""

from __future__ import annotations

import math
from typing import Any

from jaxnn import random
from jaxnn.core.layer import Layer
from jaxnn.core.registry import export
from jaxnn.core.seed import SeedGenerator, draw_seed
from jaxnn.core.types import Array
from jaxnn.layers.dropout import share
from jaxnn.random_bits import for_masks


class _Noise(Layer):
    """A layer that draws from its own stream while training, and passes its inputs on otherwise."""

    def _start_stream(self, amount: float, seed: int | None) -> None:
        """Makes the stream, unless nothing will ever be drawn: then no seed is taken either."""
        self.seed = seed
        if amount > 0:
            self.seed_generator = SeedGenerator(seed)
        self.supports_masking = True
        self._build_at_init()

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The input's shape."""
        return input_shape

    def _key(self) -> Array:
        return for_masks(draw_seed(self.seed_generator))

    def _normal(self, shape: tuple, mean: float, stddev: float) -> Array:
        return random.normal(shape, mean, stddev, dtype=self.compute_dtype, seed=self._key())


@export("layers")
class GaussianNoise(_Noise):
    """Adds normal noise of mean 0 while training: the same example never looks twice the same.

    Args:
        stddev: the noise's standard deviation, between 0 and 1.
        seed: an int for noise that can be repeated.

    Raises:
        ValueError: for a standard deviation outside [0, 1].

    Example:
        >>> GaussianNoise(0.1)(np.ones(3)).tolist()  # not training
        [1.0, 1.0, 1.0]

    Source: https://keras.io/api/layers/regularization_layers/gaussian_noise/
    """

    def __init__(self, stddev: float, seed: int | None = None, **kwargs: Any):
        super().__init__(**kwargs)
        self.stddev = share(self, "stddev", stddev)
        self._start_stream(stddev, seed)

    def call(self, inputs: Array, training: bool | None = False) -> Array:
        """`inputs + noise` if `training`."""
        if not training or self.stddev == 0:
            return inputs
        return inputs + self._normal(inputs.shape, 0.0, self.stddev)


@export("layers")
class GaussianDropout(_Noise):
    """Multiplies by normal noise of mean 1 and standard deviation `sqrt(rate / (1 - rate))` while training.

    Mean and variance are those of Dropout's mask, but nothing is cut off altogether.

    Args:
        rate: as of Dropout, between 0 and 1.
        seed: an int for noise that can be repeated.

    Raises:
        ValueError: for a rate outside [0, 1].

    Source: Srivastava et al., 2014, section 10; https://keras.io/api/layers/regularization_layers/gaussian_dropout/
    """

    def __init__(self, rate: float, seed: int | None = None, **kwargs: Any):
        super().__init__(**kwargs)
        self.rate = share(self, "rate", rate)
        self._start_stream(rate, seed)

    def call(self, inputs: Array, training: bool | None = False) -> Array:
        """`inputs * noise` if `training`."""
        if not training or self.rate == 0:
            return inputs
        return inputs * self._normal(inputs.shape, 1.0, math.sqrt(self.rate / (1.0 - self.rate)))


_SELU_ALPHA = 1.6732632423543772848170429916717
_SELU_SCALE = 1.0507009873554804934193349852946


@export("layers")
class AlphaDropout(_Noise):
    """Dropout for SELU: dropped entries become SELU's lowest value, then mean and variance are restored.

    Args:
        rate: the share that is dropped, between 0 and 1.
        noise_shape: the mask's shape, which is broadcast; None entries are the input's own size.
        seed: an int for masks that can be repeated.

    Raises:
        ValueError: for a rate outside [0, 1].

    Source: arXiv:1706.02515, "New dropout technique"; https://keras.io/api/layers/regularization_layers/alpha_dropout/
    """

    def __init__(self, rate: float, noise_shape: Any = None, seed: int | None = None, **kwargs: Any):
        super().__init__(**kwargs)
        self.rate, self.noise_shape = share(self, "rate", rate), noise_shape
        self._start_stream(rate, seed)

    def call(self, inputs: Array, training: bool | None = False) -> Array:
        """`a * (inputs where kept, the lowest value elsewhere) + b` if `training`."""
        if not training or self.rate == 0:
            return inputs
        shape = inputs.shape
        if self.noise_shape is not None:
            shape = tuple(shape[i] if size is None else size for i, size in enumerate(self.noise_shape))
        kept = (random.uniform(shape, seed=self._key()) >= self.rate).astype(inputs.dtype)
        lowest = -_SELU_ALPHA * _SELU_SCALE
        a = ((1 - self.rate) * (1 + self.rate * lowest**2)) ** -0.5
        b = -a * lowest * self.rate
        return a * (inputs * kept + lowest * (1 - kept)) + b
