"""The Loss object: a function gives one value per prediction, the object weights, masks and averages them.

Two steps, kept apart: `call(y_true, y_pred)` is the formula, and `reduce_weighted_values` is what every loss does with
its values, in Keras's order of arithmetic, so that histories agree bit for bit.
"""

from __future__ import annotations

import math
from typing import Any

from jaxnn import ops
from jaxnn.core import config, dtypes, registry, tree
from jaxnn.core.check import nearest
from jaxnn.core.masking import get_keras_mask
from jaxnn.core.naming import auto_name
from jaxnn.core.types import Array

REDUCTIONS = ("sum_over_batch_size", "mean", "mean_with_sample_weight", "sum", "none", None)


@registry.export("losses", also=("keras.Loss",))
class Loss:
    """Base class of losses. A subclass writes `call(y_true, y_pred)`, which gives one value per prediction.

    Args:
        name: by default the class's name in snake case.
        reduction: what becomes of the values v, weighted by w (of n values):
            'sum_over_batch_size' or 'mean' is sum(w v) / n; 'mean_with_sample_weight' is sum(w v) / sum(w); 'sum' is
            sum(w v); 'none' or None leaves them as they are.
        dtype: the dtype (or policy) of the computation; None is `floatx()`. Targets and predictions are cast to it.

    Shape:
        `y_true`, `y_pred`: (batch, ..., features); values: (batch, ...); result: () unless `reduction` is 'none'.

    A mask that hangs on `y_pred` (from `Embedding(mask_zero=True)` or `Masking`) makes its values weightless, and the
    two means are over the values that are left.

    Raises:
        ValueError: for an unknown `reduction`.

    Example:
        >>> class Quartic(losses.Loss):
        ...     def call(self, y_true, y_pred):
        ...         return ops.mean((y_true - y_pred) ** 4, axis=-1)
        >>> float(Quartic()([[0.0, 0.0]], [[1.0, 1.0]]))
        1.0

    Source: https://keras.io/api/losses/#base-loss-api
    """

    def __init__(self, name: str | None = None, reduction: str | None = "sum_over_batch_size", dtype: Any = None):
        self.name = name or auto_name(type(self).__name__)
        self.reduction = standardize_reduction(reduction)
        self._dtype_policy = dtypes.get(dtype or config.floatx())
        self._dtype = self._dtype_policy.compute_dtype

    @property
    def dtype(self) -> str:
        """The name of the dtype that the loss computes in."""
        return self._dtype

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Array:
        """The reduced loss. `sample_weight` has a weight per sample (batch,) or one per value (batch, ...)."""
        in_mask = get_keras_mask(y_pred)
        values = self.call(_as_arrays(y_true, self.dtype), _as_arrays(y_pred, self.dtype))
        mask = _both(in_mask, get_keras_mask(values))
        return reduce_weighted_values(values, sample_weight, mask, self.reduction, self.dtype)

    def call(self, y_true: Any, y_pred: Any) -> Array:
        """One value per prediction: what a subclass must implement."""
        raise NotImplementedError(f"{type(self).__name__} must implement `call(y_true, y_pred)`.")

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal loss."""
        return {"name": self.name, "reduction": self.reduction}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Loss:
        """The loss of a config."""
        return cls(**config)


def standardize_reduction(reduction: Any) -> str | None:
    """The reduction, if there is one of that name."""
    if reduction not in REDUCTIONS:
        hint = nearest(reduction, [r for r in REDUCTIONS if r])
        raise ValueError(
            f"Invalid value for argument `reduction`. Expected one of {REDUCTIONS}. Received: reduction={reduction}.{hint}"
        )
    return reduction


def squeeze_or_expand_to_same_rank(x1: Any, x2: Any, expand_rank_1: bool = True) -> tuple[Any, Any]:
    """Makes (batch, ..., 1) meet (batch, ...): where the ranks differ by one, a last axis of size 1 goes, or comes.

    Between ranks 1 and 2 the vector gains the axis (unless `expand_rank_1` is False), so that (batch,) targets meet
    (batch, 1) predictions; elsewhere the longer one loses it. All other pairs stay as they are.
    """
    rank1, rank2 = len(x1.shape), len(x2.shape)
    if rank1 == rank2 + 1 and x1.shape[-1] == 1:
        if rank2 == 1 and expand_rank_1:
            x2 = ops.expand_dims(x2, axis=-1)
        else:
            x1 = ops.squeeze(x1, axis=-1)
    elif rank2 == rank1 + 1:
        x2, x1 = squeeze_or_expand_to_same_rank(x2, x1, expand_rank_1)
    return x1, x2


def to_same_kind(y_true: Any, y_pred: Any) -> tuple[Any, Any]:
    """Both as arrays of the predictions' dtype and of one rank."""
    y_pred = ops.convert_to_tensor(y_pred)
    return squeeze_or_expand_to_same_rank(ops.convert_to_tensor(y_true, dtype=y_pred.dtype), y_pred)


def reduce_weighted_values(
    values: Any,
    sample_weight: Any = None,
    mask: Any = None,
    reduction: str | None = "sum_over_batch_size",
    dtype: Any = None,
) -> Array:
    """Weights the values of a loss, leaves out the masked ones, and reduces them (see `Loss`)."""
    reduction = standardize_reduction(reduction)
    values = ops.convert_to_tensor(values, dtype=dtype)
    sample_weight = apply_mask(sample_weight, mask, values.dtype, reduction)
    if sample_weight is not None:
        sample_weight = ops.convert_to_tensor(sample_weight, dtype=values.dtype)
        values, sample_weight = squeeze_or_expand_to_same_rank(values, sample_weight)
        values = values * sample_weight
    return _reduce_values(values, sample_weight, reduction)


def apply_mask(sample_weight: Any, mask: Any, dtype: Any, reduction: str | None) -> Any:
    """The weights with the masked entries at 0, or None if there is neither weight nor mask.

    Where the reduction divides by the number of *all* values, the valid ones weigh total/valid instead of 1, which makes
    it a mean over the valid ones.
    """
    if mask is None:
        return sample_weight
    weight = ops.convert_to_tensor(mask, dtype=dtype)
    if reduction in ("mean", "sum_over_batch_size"):
        total = ops.cast(math.prod(weight.shape), dtype)
        weight = ops.where(ops.cast(mask, "bool"), ops.divide_no_nan(total, ops.sum(weight)), 0)
    if sample_weight is None:
        return weight
    sample_weight = ops.convert_to_tensor(sample_weight, dtype=dtype)
    weight, sample_weight = squeeze_or_expand_to_same_rank(weight, sample_weight)
    return sample_weight * weight


def _reduce_values(values: Any, sample_weight: Any, reduction: str | None) -> Array:
    if reduction in (None, "none") or tuple(values.shape) in ((), (0,)):
        return values
    total = ops.sum(values)
    if reduction == "sum":
        return total
    if reduction == "mean_with_sample_weight" and sample_weight is not None:
        divisor = ops.cast(ops.sum(sample_weight), total.dtype)
    else:
        divisor = ops.cast(math.prod(values.shape), total.dtype)
    return ops.divide_no_nan(total, divisor)


def _as_arrays(structure: Any, dtype: str) -> Any:
    """Every leaf as an array of `dtype`; a list of numbers, however nested, is one array."""
    if isinstance(structure, list | tuple) and all(isinstance(x, int | float) for x in tree.flatten(structure)):
        return ops.convert_to_tensor(structure, dtype=dtype)
    return tree.map_structure(lambda x: ops.convert_to_tensor(x, dtype=dtype), structure)


def _both(mask: Any, other: Any) -> Any:
    if mask is None or other is None:
        return other if mask is None else mask
    return mask & other
