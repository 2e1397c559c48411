"""Normalization: each feature less its mean, by its standard deviation, both learned from data beforehand."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxnn.core import check
from jaxnn.core import config as settings
from jaxnn.core.registry import export
from jaxnn.core.types import Array
from jaxnn.layers.preprocessing.adapting import as_numpy, batches_of, first_of, is_array
from jaxnn.layers.preprocessing.data_layer import DataLayer


@export("layers")
class Normalization(DataLayer):
    """`(inputs - mean) / max(sqrt(variance), epsilon())`, or the way back.

    Mean and variance are given, or learned by `adapt` before training; unlike in BatchNormalization training leaves
    them as they are.

    Args:
        axis: an axis, or several, of which each index has a mean and variance of its own; None is one mean for all. The
            default is the last: the features.
        mean: what to subtract, instead of what `adapt` finds; it is broadcast over the axes kept, from the last on.
        variance: with it.
        invert: the way back: `mean + inputs * max(sqrt(variance), epsilon())`.

    Shape:
        The output has the input's shape.

    Raises:
        ValueError: for a mean without a variance, or of another shape; when built, for an axis that the inputs don't
            have, or of unknown size; from `adapt`, for data of other sizes, or none.

    Example:
        >>> layer = Normalization()
        >>> layer.adapt(np.array([[0.0, 7.0], [2.0, 9.0]]))
        >>> layer(np.array([[0.0, 8.0]])).tolist()
        [[-1.0, 0.0]]

    Source: https://keras.io/api/layers/preprocessing_layers/numerical/normalization/
    """

    _plain_config = True  # `mean` is what calls subtract, not the argument

    def __init__(self, axis: Any = -1, mean: Any = None, variance: Any = None, invert: bool = False, **kwargs: Any):
        super().__init__(**kwargs)
        self.axis = () if axis is None else (axis,) if isinstance(axis, int) else tuple(axis)
        self.input_mean, self.input_variance, self.invert = mean, variance, invert
        self.supports_masking = True
        self._build_input_shape: Any = None
        self._check_given()

    def _check_given(self) -> None:
        who, mean, variance = check.name_of(self), self.input_mean, self.input_variance
        if (mean is None) != (variance is None):
            raise ValueError(
                f"{who}: When setting values directly, both `mean` and `variance` must be set. Received: mean={mean} and "
                f"variance={variance}"
            )
        if np.shape(mean) != np.shape(variance):
            raise ValueError(
                f"{who}: When setting values directly, `mean` and `variance` must have the same shape. Received: mean "
                f"shape {np.shape(mean)} and variance shape {np.shape(variance)}"
            )
        if np.ndim(mean) > len(self.axis):
            raise ValueError(
                f"{who}: The rank of `mean` must be less than or equal to the number of axes ({len(self.axis)}). "
                f"Received: mean shape {np.shape(mean)} for axis {self.axis}"
            )

    def build(self, input_shape: Any) -> None:
        """Makes the statistics, or fits those that were given to the inputs' axes."""
        ndim = len(input_shape)
        if any(not -ndim <= a < ndim for a in self.axis):
            raise ValueError(
                f"{check.name_of(self)}: All `axis` values must be in the range [-ndim, ndim). Received inputs with "
                f"ndim={ndim}, while axis={self.axis}"
            )
        self._keep_axis = tuple(sorted(a % ndim for a in self.axis))
        for axis in self._keep_axis:
            if input_shape[axis] is None:
                raise ValueError(
                    f"{check.name_of(self)}: All `axis` values to be kept must have a known shape. Received "
                    f"axis={self.axis}, inputs.shape={tuple(input_shape)}, with unknown axis at index {axis}"
                )
        self._build_input_shape = tuple(input_shape)
        self._reduce_axis = tuple(a for a in range(ndim) if a not in self._keep_axis)
        self._broadcast_shape = tuple(n if a in self._keep_axis else 1 for a, n in enumerate(input_shape))
        if self.input_mean is not None:
            return
        shape = tuple(input_shape[a] for a in self._keep_axis)
        self.adapt_mean = self.add_weight(shape, "zeros", trainable=False, name="mean")
        self.adapt_variance = self.add_weight(shape, "ones", trainable=False, name="variance")
        # nothing reads it, but Keras's weight files have it
        self.count = self.add_weight((), "zeros", dtype="int32", trainable=False, name="count")

    @property
    def mean(self) -> Any:
        """What is subtracted, of a shape that broadcasts over the inputs; None before the layer is built."""
        return self._statistic("mean")

    @property
    def variance(self) -> Any:
        """The square of what is divided by; None before the layer is built."""
        return self._statistic("variance")

    def _statistic(self, name: str) -> Any:
        if self._build_input_shape is None:
            return None
        if self.input_mean is None:
            return getattr(self, f"adapt_{name}").value.reshape(self._broadcast_shape).astype(self.compute_dtype)
        given = np.asarray(getattr(self, f"input_{name}"))
        shape = [1] * len(self._broadcast_shape)
        for axis, n in zip(reversed(self._keep_axis), reversed(given.shape), strict=False):
            shape[axis] = n
        return jnp.asarray(np.broadcast_to(given.reshape(shape), self._broadcast_shape), self.compute_dtype)

    def adapt(self, data: Any) -> None:
        """Learns mean and variance from data, forgetting what was learned before.

        Args:
            data: an array; or batches of arrays: a Dataset, a PyDataset, any iterable, with or without targets beside
                the inputs. A mean over batches weighs each by its size.

        Raises:
            ValueError: if there are no batches, or of other sizes than the layer was built for.
            TypeError: for something else.
        """
        if is_array(data):
            self._fit(data.shape)
            array = data if isinstance(data, jax.Array) else as_numpy(data)
            mean, variance = array.mean(self._reduce_axis), array.var(self._reduce_axis)
        elif hasattr(data, "__iter__"):
            first, batches = first_of(batches_of(data, rows=True), check.name_of(self))
            self._fit(tuple(first.shape))
            mean, variance = self._moments(batches)
        else:
            raise TypeError(
                f"{check.name_of(self)}: Unsupported data type: {type(data)}. `adapt` takes an array, or an iterable of "
                "batches, such as a Dataset, a PyDataset, a list or a generator."
            )
        self.adapt_mean.assign(mean)
        self.adapt_variance.assign(variance)

    def _fit(self, shape: Any) -> None:
        """Builds for data of a shape, or sees whether it fits."""
        if self.input_mean is not None:
            raise ValueError(
                f"{check.name_of(self)}: adapt() can't learn what was given as `mean` and `variance`. Leave them out."
            )
        if not self.built:
            self.build(shape)
        elif len(shape) != len(self._build_input_shape) or any(
            shape[a] != self._build_input_shape[a] for a in self._keep_axis
        ):
            raise ValueError(
                f"{check.name_of(self)}: The layer was built with input_shape={self._build_input_shape}, but adapt() is "
                f"being called with data with an incompatible shape, data.shape={tuple(shape)}"
            )

    def _moments(self, batches: Iterator[Any]) -> tuple[Array, Array]:
        """Mean and variance over batches, each batch's put together with those of all before it."""
        mean = variance = jnp.zeros(self.adapt_mean.shape)
        count = 0
        for batch in batches:
            x = batch if isinstance(batch, jax.Array) else jnp.asarray(as_numpy(batch))
            self._check_batch(x.shape)
            x = x.astype(self.compute_dtype)
            batch_mean, batch_variance = x.mean(self._reduce_axis), x.var(self._reduce_axis)
            n = math.prod(x.shape[a] for a in self._reduce_axis)
            count += n
            share = n / count
            rest = 1.0 - share
            new_mean = mean * rest + batch_mean * share
            # about the new mean, each part's variance grows by the square of how far its own mean is from it
            variance = (variance + (mean - new_mean) ** 2) * rest + (
                batch_variance + (batch_mean - new_mean) ** 2
            ) * share
            mean = new_mean
        return mean, variance

    def _check_batch(self, shape: tuple) -> None:
        if len(shape) != len(self._build_input_shape) or any(
            shape[a] != self._build_input_shape[a] for a in self._keep_axis
        ):
            raise ValueError(
                f"{check.name_of(self)}: adapt() yielded a batch with incompatible shape. Expected "
                f"{self._build_input_shape}, got {tuple(shape)}."
            )

    def finalize_state(self) -> None:
        """Nothing is left to do: what `adapt` or a file has set is what calls read."""

    def call(self, inputs: Array) -> Array:
        """The normalized inputs, or the way back."""
        inputs = inputs.astype(self.compute_dtype)
        deviation = jnp.maximum(jnp.sqrt(self.variance), settings.epsilon())
        return self.mean + inputs * deviation if self.invert else (inputs - self.mean) / deviation

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The input's shape."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, the mean and variance that were given as lists."""
        given = {"mean": self.input_mean, "variance": self.input_variance}
        lists = {name: np.asarray(value).tolist() for name, value in given.items()}
        return {**super().get_config(), "axis": self.axis, "invert": self.invert, **lists}
