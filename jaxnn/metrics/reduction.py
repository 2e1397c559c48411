"""Sums and means over batches, in Keras's order of arithmetic: the numbers of a training history come from here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jaxnn import ops
from jaxnn.core import config, registry
from jaxnn.core.masking import get_keras_mask
from jaxnn.core.types import Array, ArrayLike
from jaxnn.losses.loss import apply_mask, squeeze_or_expand_to_same_rank
from jaxnn.metrics.metric import Metric


@registry.export("metrics")
class Sum(Metric):
    """The weighted sum of all values.

    Args:
        name: see `Metric`.
        dtype: see `Metric`.

    Example:
        >>> m = metrics.Sum()
        >>> m.update_state([1.0, 3.0, 5.0], sample_weight=[1.0, 1.0, 0.0])
        >>> float(m.result())
        4.0

    Source: https://keras.io/api/metrics/reduction_metrics/#sum-class
    """

    def __init__(self, name: str | None = "sum", dtype: Any = None):
        super().__init__(name=name, dtype=dtype)
        self.total = self.add_variable((), "zeros", dtype=self.dtype, name="total")

    def update_state(self, values: ArrayLike, sample_weight: ArrayLike | None = None) -> None:
        """Adds values of any shape; weights are broadcast to it."""
        values, _ = reduce_to_samplewise_values(values, sample_weight, ops.sum, self.dtype)
        self.total.assign_add(ops.sum(values))

    def result(self) -> Array:
        """The sum."""
        return ops.cast(self.total, self.dtype)


@registry.export("metrics")
class Mean(Metric):
    """The weighted mean over samples: of each sample the mean, then total / count; 0 before the first batch.

    Args:
        name: see `Metric`.
        dtype: see `Metric`.

    Example:
        >>> m = metrics.Mean()
        >>> m.update_state([1.0, 3.0])
        >>> m.update_state([8.0])
        >>> float(m.result())
        4.0

    Source: https://keras.io/api/metrics/reduction_metrics/#mean-class
    """

    def __init__(self, name: str | None = "mean", dtype: Any = None):
        super().__init__(name=name, dtype=dtype)
        self.total = self.add_variable((), "zeros", dtype=self.dtype, name="total")
        self.count = self.add_variable((), "zeros", dtype=self.dtype, name="count")

    def update_state(self, values: ArrayLike, sample_weight: ArrayLike | None = None) -> None:
        """Adds values (batch, ...), weighted by (batch,) or (batch, ...)."""
        values, sample_weight = reduce_to_samplewise_values(values, sample_weight, ops.mean, self.dtype)
        self.total.assign_add(ops.sum(values))
        if sample_weight is not None:
            count = ops.sum(sample_weight)
        else:
            count = values.shape[0] if len(values.shape) >= 1 else 1
        self.count.assign_add(ops.cast(count, self.dtype))

    def result(self) -> Array:
        """The mean."""
        return ops.divide_no_nan(self.total, ops.cast(self.count, self.dtype))


@registry.export("metrics")
class MeanMetricWrapper(Mean):
    """The mean of `fn(y_true, y_pred, **kwargs)`, a function that gives one value per prediction.

    Args:
        fn: the function.
        name: see `Metric`.
        dtype: see `Metric`.
        kwargs: further arguments of `fn`.

    A mask that hangs on `y_pred` leaves its entries out.

    Example:
        >>> m = metrics.MeanMetricWrapper(losses.huber, name="huber", delta=2.0)
        >>> m.update_state([[0.0]], [[1.0]])
        >>> float(m.result())
        0.5

    Source: https://keras.io/api/metrics/base_metric/
    """

    def __init__(self, fn: Callable[..., Any], name: str | None = None, dtype: Any = None, **kwargs: Any):
        super().__init__(name=name, dtype=dtype)
        self._fn = fn
        self._fn_kwargs = kwargs
        if any((registry.api_name(x) or "").startswith("keras.losses.") for x in (fn, type(fn))):
            self._direction = "down"  # what EarlyStopping's mode="auto" asks for

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: ArrayLike | None = None) -> None:
        """Adds a batch of targets and predictions."""
        mask = get_keras_mask(y_pred)
        values = self._fn(y_true, y_pred, **self._fn_kwargs)
        super().update_state(values, apply_mask(sample_weight, mask, self.dtype, "sum"))

    def get_config(self) -> dict[str, Any]:
        """The arguments, the function by its name."""
        kwargs = registry.serialize_keras_object(self._fn_kwargs)
        return {**super().get_config(), "fn": registry.serialize_keras_object(self._fn), **kwargs}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Metric:
        """The metric of a config, its function looked up by name."""
        # Not the name: it may be the custom function's too, and would be taken for it.
        plain = ("name", "dtype") if "fn" in config else tuple(config)
        return cls(**{k: v if k in plain else registry.deserialize_keras_object(v) for k, v in config.items()})


class NamedMean(MeanMetricWrapper):
    """The mean of one of our functions: the class says which, so its config holds only arguments.

    `in_config` names the arguments that Keras writes into the config; they are attributes too.
    """

    in_config: tuple[str, ...] = ()

    def __init__(self, fn: Callable[..., Any], name: str | None, dtype: Any, **kwargs: Any):
        super().__init__(fn, name=name, dtype=dtype, **kwargs)
        for argument in self.in_config:
            setattr(self, argument, kwargs[argument])

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal metric."""
        return {**Metric.get_config(self), **{argument: getattr(self, argument) for argument in self.in_config}}


def reduce_to_samplewise_values(
    values: Any, sample_weight: Any, reduce_fn: Callable[..., Any], dtype: Any
) -> tuple[Any, Any]:
    """One value per sample, already weighted, and one weight per sample (or None).

    Args:
        values: (batch, ...), perhaps with a mask.
        sample_weight: None, or of any shape that can be broadcast to the values from the left.
        reduce_fn: `ops.sum` or `ops.mean`, over all axes but the first.
        dtype: of the result.
    """
    mask = get_keras_mask(values)
    values = ops.cast(values, dtype or config.floatx())
    if sample_weight is not None:
        sample_weight = ops.convert_to_tensor(sample_weight, dtype=values.dtype)
        sample_weight = apply_mask(sample_weight, mask, values.dtype, "sum")
        values, sample_weight = squeeze_or_expand_to_same_rank(values, sample_weight)
        rank = len(sample_weight.shape)
        if len(values.shape) > rank:
            values = reduce_fn(values, axis=tuple(range(rank, len(values.shape))))
        # Broadcast though the product doesn't need it: the count below sums the weights.
        sample_weight = ops.broadcast_to(sample_weight, values.shape)
        values = values * sample_weight
        if rank > 1:
            sample_weight = reduce_fn(sample_weight, axis=tuple(range(1, rank)))
    if len(values.shape) > 1:
        values = reduce_fn(values, axis=tuple(range(1, len(values.shape))))
    return values, sample_weight
