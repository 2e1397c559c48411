"""Weights drawn from one distribution: normal, truncated normal, uniform."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from jaxnn.core.registry import export
from jaxnn.core.types import Array
from jaxnn.initializers.drawing import RandomInitializer, draw_normal, draw_uniform


@export("initializers", "normal")
class RandomNormal(RandomInitializer):
    """Normal numbers.

    Args:
        mean: of the numbers.
        stddev: their standard deviation.
        seed: see `RandomInitializer`.

    Example:
        >>> RandomNormal(stddev=1.0, seed=0)((2, 2)).shape
        (2, 2)
    """

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: Any = None):
        self.mean, self.stddev = mean, stddev
        super().__init__(seed)

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Array | np.ndarray:
        """Numbers of a shape."""
        return draw_normal(shape, self.mean, self.stddev, dtype, self.seed)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "mean": self.mean, "stddev": self.stddev}


@export("initializers")
class TruncatedNormal(RandomInitializer):
    """Normal numbers, of which those further than two standard deviations from the mean are drawn again.

    Args:
        mean: of the numbers.
        stddev: the standard deviation before the cut; after it, 0.88 of that remains.
        seed: see `RandomInitializer`.

    Example:
        >>> bool(abs(TruncatedNormal(stddev=0.5, seed=0)((1000,))).max() < 1.0)
        True
    """

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: Any = None):
        self.mean, self.stddev = mean, stddev
        super().__init__(seed)

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Array | np.ndarray:
        """Numbers of a shape."""
        return draw_normal(shape, self.mean, self.stddev, dtype, self.seed, truncated=True)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "mean": self.mean, "stddev": self.stddev}


@export("initializers", "uniform")
class RandomUniform(RandomInitializer):
    """Numbers spread evenly over [minval, maxval).

    Args:
        minval: the lower bound, included.
        maxval: the upper bound, excluded.
        seed: see `RandomInitializer`.

    Example:
        >>> RandomUniform(-1.0, 1.0, seed=0)((2,)).dtype
        dtype('float32')
    """

    def __init__(self, minval: float = -0.05, maxval: float = 0.05, seed: Any = None):
        self.minval, self.maxval = minval, maxval
        super().__init__(seed)

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Array | np.ndarray:
        """Numbers of a shape."""
        return draw_uniform(shape, self.minval, self.maxval, dtype, self.seed)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "minval": self.minval, "maxval": self.maxval}


random_normal = RandomNormal
random_uniform = RandomUniform
truncated_normal = TruncatedNormal
