"""Counting right and wrong alarms at thresholds: what precision, recall and the areas under curves are made of.

Predictions are compared with every threshold t ("positive" is y_pred > t), and each of the four counts has one entry per
threshold. Where thresholds are spread evenly over [0, 1], a prediction's bucket is computed and the counts are sums over
the buckets from the right; else predictions and thresholds are compared pair by pair.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxnn import ops
from jaxnn.core import config
from jaxnn.core.types import Array
from jaxnn.core.variable import Variable
from jaxnn.losses.loss import squeeze_or_expand_to_same_rank

_HIGH = 1 << 16  # where the high half of an integer begins
_FEW_PAIRS = (
    6400  # of samples and thresholds: fewer are compared in 0.5 us, while a sum over buckets takes 1 us on a CPU
)
NEVER = -1e10  # below every score: the threshold, and the score of classes outside the top k, under `top_k`

_KINDS = {"tp": (True, True), "fp": (False, True), "tn": (False, False), "fn": (True, False)}  # (target, alarm)


def update_counts(
    counts: Mapping[str, Variable],
    y_true: Any,
    y_pred: Any,
    thresholds: Sequence[float],
    *,
    evenly: bool = False,
    top_k: int | None = None,
    class_id: int | None = None,
    sample_weight: Any = None,
    multi_label: bool = False,
    label_weights: Any = None,
) -> None:
    """Adds a batch to the counts.

    Args:
        counts: Variables by kind, 'tp', 'fp', 'tn', 'fn', each of shape (thresholds,) or (thresholds, labels).
        y_true: targets, 0 or 1, of any shape.
        y_pred: scores of the same shape.
        thresholds: in increasing order.
        evenly: whether they are spread evenly over [0, 1]; then scores are clipped to [0, 1].
        top_k: only the k largest scores of the last axis can be positive.
        class_id: only this class counts.
        sample_weight: (batch,), or one per score.
        multi_label: whether labels are counted apart.
        label_weights: (labels,); a factor of the sample weights.

    Raises:
        ValueError: for `class_id` with scores of rank 1.
    """
    dtype = next(iter(counts.values())).dtype
    y_pred, y_true = squeeze_or_expand_to_same_rank(ops.cast(y_pred, dtype), ops.cast(y_true, dtype))
    if sample_weight is not None:
        sample_weight = ops.expand_dims(ops.cast(sample_weight, dtype), axis=-1)
        _, sample_weight = squeeze_or_expand_to_same_rank(y_true, sample_weight, expand_rank_1=False)
    if top_k is not None:
        y_pred = _keep_top_k(y_pred, top_k)
    if class_id is not None:
        if len(y_pred.shape) == 1:
            raise ValueError(
                "When class_id is provided, y_pred must be a 2D array with shape (num_samples, num_classes), found "
                f"shape: {y_pred.shape}"
            )
        y_true, y_pred = y_true[..., class_id, None], y_pred[..., class_id, None]
    weights = _weights(sample_weight, label_weights, y_pred)
    y_true = ops.cast(y_true, "bool")
    if not multi_label:
        y_true, y_pred = ops.reshape(y_true, (-1,)), ops.reshape(y_pred, (-1,))
        weights = None if weights is None else ops.reshape(weights, (-1,))
    if weights is None and y_pred.dtype == "float32" and 0 < y_pred.shape[0] < _HIGH:
        count = _count_whole
    else:
        count = _count_by_bucket if evenly else _count_by_comparison
    for kind, found in count(counts, y_true, y_pred, weights, thresholds, evenly).items():
        counts[kind].assign(counts[kind] + found)


def _count_whole(
    kinds: Mapping[str, Any], y_true: Array, y_pred: Array, weights: None, thresholds: Sequence[float], evenly: bool
) -> dict[str, Array]:
    """Counts of samples without weights, at any thresholds: scores (samples[, labels]) -> (thresholds[, labels]).

    One sum counts both targets, 1 in the high half of an integer and 0 in the low one. Whole numbers are exact in
    float32 whatever the order of their sum, so these are the numbers of the functions below, for a fraction of their work.
    """
    ones = jnp.where(y_true, _HIGH, 1).astype("uint32")
    if not evenly:
        levels = np.asarray(thresholds, y_pred.dtype).reshape((-1, 1) + (1,) * (y_pred.ndim - 1))
        alarms = jnp.sum(jnp.where(y_pred > levels, ones, 0), axis=1)
    else:
        bucket, n = _bucket(y_pred, thresholds), len(thresholds)
        if y_pred.ndim == 1 and y_pred.size * n <= _FEW_PAIRS:
            alarms = jnp.sum(jnp.where(bucket >= np.arange(n)[:, None], ones, 0), axis=1)
        else:
            labels = y_pred.shape[1:]
            place = bucket * math.prod(labels) + np.arange(math.prod(labels)).reshape(labels)
            place = jnp.where(bucket < 0, -1, place)  # which counts nowhere
            in_bucket = ops.segment_sum(ones.reshape(-1), place.reshape(-1), num_segments=n * math.prod(labels))
            alarms = jax.lax.cumsum(in_bucket.reshape(n, *labels), reverse=True)
    everything = jnp.sum(ones, axis=0)
    split = {True: lambda x: x >> 16, False: lambda x: x & (_HIGH - 1)}
    found = {}
    for kind in kinds:
        is_true, is_alarm = _KINDS[kind]
        found[kind] = split[is_true](alarms if is_alarm else everything - alarms).astype(y_pred.dtype)
    return found


def _bucket(y_pred: Array, thresholds: Sequence[float]) -> Array:
    """The number of the last threshold that each score exceeds, -1 if it exceeds none."""
    # A score must exceed a threshold, so with 0, 0.5 and 1 the buckets are (0, 0.5] and (0.5, 1].
    last = ops.cast(len(thresholds), y_pred.dtype) - 1
    bucket = ops.ceil(ops.clip(y_pred, 0.0, 1.0) * last) - 1
    if thresholds[0] < 0.0 or thresholds[-1] > 1.0:
        bucket = ops.maximum(bucket, 0)  # the first threshold is a little below 0, and scores of 0 exceed it
    return ops.cast(bucket, "int32")


def _count_by_bucket(
    kinds: Mapping[str, Any], y_true: Array, y_pred: Array, weights: Any, thresholds: Sequence[float], evenly: bool
) -> dict[str, Array]:
    """Counts at evenly spread thresholds: scores (samples,) or (samples, labels) -> (thresholds[, labels])."""
    n = len(thresholds)
    y_true, y_pred = y_true.T, y_pred.T  # labels first, so that sums over samples run along the last axis, as in Keras
    weights = 1.0 if weights is None else weights.T
    true = ops.cast(y_true, y_pred.dtype)
    positive, negative = true * weights, (1.0 - true) * weights
    bucket = _bucket(y_pred, thresholds)

    def above(labels: Array) -> Array:
        add_up = partial(ops.segment_sum, num_segments=n)
        sums = (jax.vmap(add_up) if labels.ndim == 2 else add_up)(labels, bucket)
        return ops.flip(ops.cumsum(ops.flip(sums, axis=-1), axis=-1), axis=-1)

    tp, fp = above(positive), above(negative)
    found = {"tp": tp, "fp": fp}
    if "tn" in kinds:
        found["tn"] = ops.sum(negative, axis=-1, keepdims=True) - fp
    if "fn" in kinds:
        found["fn"] = ops.sum(positive, axis=-1, keepdims=True) - tp
    return {kind: found[kind].T for kind in kinds}


def _count_by_comparison(
    kinds: Mapping[str, Any], y_true: Array, y_pred: Array, weights: Any, thresholds: Sequence[float], evenly: bool
) -> dict[str, Array]:
    """Counts at any thresholds: scores (samples,) or (samples, labels) -> (thresholds[, labels])."""
    levels = ops.convert_to_tensor(np.asarray(thresholds), dtype=y_pred.dtype)
    alarm = y_pred[None] > levels.reshape((-1,) + (1,) * y_pred.ndim)  # (thresholds, samples[, labels])
    weights = ops.cast(1, y_pred.dtype) if weights is None else weights[None]

    def count(is_true: bool, is_alarm: bool) -> Array:
        return ops.sum(ops.where((y_true[None] == is_true) & (alarm == is_alarm), weights, 0), axis=1)

    return {kind: count(*_KINDS[kind]) for kind in kinds}


def _weights(sample_weight: Any, label_weights: Any, y_pred: Array) -> Any:
    """The product of both in the shape of the scores, or None."""
    given = [
        w
        for w in (sample_weight, None if label_weights is None else ops.expand_dims(label_weights, 0))
        if w is not None
    ]
    shaped = [ops.broadcast_to(ops.cast(w, y_pred.dtype), y_pred.shape) for w in given]
    return shaped[0] * shaped[1] if len(shaped) == 2 else shaped[0] if shaped else None


def _keep_top_k(y_pred: Array, k: int) -> Array:
    """The scores with all but the k largest of the last axis put below every threshold."""
    _, best = ops.top_k(y_pred, k)
    kept = ops.sum(ops.one_hot(best, y_pred.shape[-1], axis=-1), axis=-2)
    return y_pred * kept + NEVER * (1 - kept)


def spread_thresholds(n: int) -> list[float]:
    """So many thresholds, spread evenly over [0, 1]; a single one is 0.5."""
    return [0.5] if n == 1 else [0.0, *((i + 1) * 1.0 / (n - 1) for i in range(n - 2)), 1.0]


def are_spread_evenly(thresholds: Sequence[float]) -> bool:
    """Whether these are three or more thresholds spread evenly over [0, 1], up to `epsilon()`."""
    n = len(thresholds)
    if n < 3:
        return False
    return bool(np.allclose(thresholds, np.arange(n, dtype=np.float32) / (n - 1), atol=config.epsilon()))


def parse_thresholds(thresholds: Any, default: float) -> list[float]:
    """The thresholds as a list.

    Raises:
        ValueError: for one outside [0, 1].
    """
    if thresholds is None:
        return [default]
    thresholds = list(thresholds) if isinstance(thresholds, list | tuple | np.ndarray) else [thresholds]
    outside = [t for t in thresholds if t is None or not 0 <= t <= 1]
    if outside:
        raise ValueError(f"Threshold values must be in [0, 1]. Received: {outside}")
    return thresholds
