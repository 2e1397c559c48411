"""Counting right and wrong alarms at thresholds: what precision, recall and the areas under curves are made of.

Predictions are compared with every threshold t ("positive" is y_pred > t), and each of the four counts has one entry per
threshold. Where thresholds are spread evenly over [0, 1], a prediction's bucket is computed and the counts are sums over
the buckets from the right; else predictions and thresholds are compared pair by pair.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jaxnn import ops
from jaxnn.core import config
from jaxnn.core.types import Array
from jaxnn.losses.loss import squeeze_or_expand_to_same_rank

_HIGH = 1 << 16  # where the high half of an integer begins
_FEW_PAIRS = 6400  # of samples and thresholds: so many are compared in 0.5 us; a sum over buckets takes 1 us on a CPU
NEVER = -1e10  # below every score: the threshold, and the score of classes outside the top k, under `top_k`

_KINDS = {"tp": (True, True), "fp": (False, True), "tn": (False, False), "fn": (True, False)}  # (target, alarm)


class Samples(NamedTuple):
    """Targets and scores as they are counted: of shape (samples,), or (samples, labels) where labels are counted apart."""

    y_true: Array  # bool
    y_pred: Array
    weights: Array | None

    @property
    def are_whole(self) -> bool:
        """Whether each counts as 1, so that counts are whole numbers, which float32 adds up exactly in any order."""
        return self.weights is None and self.y_pred.dtype == "float32"


def samples(
    y_true: Any,
    y_pred: Any,
    dtype: Any,
    *,
    top_k: int | None = None,
    class_id: int | None = None,
    sample_weight: Any = None,
    multi_label: bool = False,
    label_weights: Any = None,
) -> Samples:
    """A batch as what is counted.

    Args:
        y_true: targets, 0 or 1, of any shape.
        y_pred: scores of the same shape.
        dtype: of the counts.
        top_k: only the k largest scores of the last axis can be positive.
        class_id: only this class counts.
        sample_weight: (batch,), or one per score.
        multi_label: whether labels are counted apart.
        label_weights: (labels,); a factor of the sample weights.

    Raises:
        ValueError: for `class_id` with scores of rank 1.
    """
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
    return Samples(y_true, y_pred, weights)


def count(kinds: Iterable[str], batch: Samples, thresholds: Sequence[float], evenly: bool) -> dict[str, Array]:
    """How many samples, or how much weight, of each kind there is at each threshold: (thresholds[, labels]).

    Args:
        kinds: of 'tp', 'fp', 'tn', 'fn'.
        batch: what is counted.
        thresholds: in increasing order.
        evenly: whether they are spread evenly over [0, 1]; then scores are clipped to [0, 1].
    """
    if not batch.are_whole:
        return (_count_by_bucket if evenly else _count_by_comparison)(kinds, *batch, thresholds)
    few = batch.y_pred.ndim == 1 and batch.y_pred.size * len(thresholds) <= _FEW_PAIRS
    if evenly and not few:
        shape = (len(thresholds), *batch.y_pred.shape[1:])
        return count_tally(kinds, add_marks(no_marks(shape), mark(batch, thresholds)), shape)
    if len(batch.y_pred) < _HIGH:
        return _count_whole(kinds, batch, thresholds, evenly)
    return _count_by_comparison(kinds, *batch, thresholds)


def mark(batch: Samples, thresholds: Sequence[float]) -> Array:
    """The place of each sample in a tally, which is a flat array of (thresholds + 1[, labels], 2) counters.

    They count the samples of each bucket among evenly spread thresholds, label and target. In bucket 0 is what exceeds no
    threshold.
    """
    bucket = jnp.clip(_bucket(batch.y_pred, thresholds) + 1, 0, len(thresholds))
    labels = batch.y_pred.shape[1:]
    label = np.arange(math.prod(labels)).reshape(labels)
    return ((bucket * math.prod(labels) + label) * 2 + batch.y_true).reshape(-1)


def no_marks(shape: tuple[int, ...]) -> Array:
    """An empty tally for counts of a shape: (thresholds[, labels])."""
    return jnp.zeros((shape[0] + 1) * math.prod(shape[1:]) * 2, "int32")


def add_marks(tally: Array, marks: Array, count: Any = 1) -> Array:
    """The tally with more marks, each counted `count` times."""
    return tally.at[marks].add(count, mode="promise_in_bounds")


def count_tally(kinds: Iterable[str], tally: Array, shape: tuple[int, ...]) -> dict[str, Array]:
    """What `count` gives for all samples of a tally.

    Args:
        kinds: of 'tp', 'fp', 'tn', 'fn'.
        tally: how many samples there are at each place.
        shape: of a count: (thresholds[, labels]).
    """
    above = jax.lax.cumsum(tally.reshape(shape[0] + 1, *shape[1:], 2), reverse=True).astype("float32")
    return _by_kind(kinds, lambda target: above[1:, ..., int(target)], lambda target: above[0, ..., int(target)])


def _count_whole(kinds: Iterable[str], batch: Samples, thresholds: Sequence[float], evenly: bool) -> dict[str, Array]:
    """Counts of samples that count as 1, at any thresholds.

    One sum counts both targets, 1 in the high half of an integer and 0 in the low one. These are the numbers of the
    functions below, for a fraction of their work.
    """
    y_true, y_pred, _ = batch
    ones = jnp.where(y_true, _HIGH, 1).astype("uint32")
    if evenly:
        is_alarm = _bucket(y_pred, thresholds) >= np.arange(len(thresholds))[:, None]
    else:
        is_alarm = y_pred > np.asarray(thresholds, y_pred.dtype).reshape((-1, 1) + (1,) * (y_pred.ndim - 1))
    alarms, everything = jnp.sum(jnp.where(is_alarm, ones, 0), axis=1), jnp.sum(ones, axis=0)
    half = lambda x, target: (x >> 16 if target else x & (_HIGH - 1)).astype(y_pred.dtype)  # noqa: E731
    return _by_kind(kinds, lambda target: half(alarms, target), lambda target: half(everything, target))


def _by_kind(
    kinds: Iterable[str], alarms: Callable[[bool], Array], all_of: Callable[[bool], Array]
) -> dict[str, Array]:
    """The counts of each kind, from the alarms at each threshold, and the samples, that have a target."""
    found = {}
    for kind in kinds:
        target, is_alarm = _KINDS[kind]
        found[kind] = alarms(target) if is_alarm else all_of(target) - alarms(target)
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
    kinds: Iterable[str], y_true: Array, y_pred: Array, weights: Any, thresholds: Sequence[float]
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
    kinds: Iterable[str], y_true: Array, y_pred: Array, weights: Any, thresholds: Sequence[float]
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
