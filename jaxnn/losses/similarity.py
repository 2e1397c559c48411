"""Circle loss: embeddings of one label are drawn together, of different labels pushed apart."""

from __future__ import annotations

from typing import Any

from jaxnn import ops
from jaxnn.core import registry
from jaxnn.core.masking import set_keras_mask
from jaxnn.core.types import Array, ArrayLike
from jaxnn.losses.wrapper import NamedLoss


@registry.export("losses")
class Circle(NamedLoss):
    """The mean circle loss of a batch of L2-normalised embeddings with integer labels; zero losses do not count.

    Args:
        gamma: the scale of similarities.
        margin: the relaxation; similarities within a pair should exceed 1 - margin, between pairs stay below margin.
        remove_diagonal: whether a sample is no partner of itself.
        reduction: see `Loss`.
        name: see `Loss`.
        dtype: see `Loss`.

    Shape: labels (batch,), embeddings (batch, features).

    Example: two samples of each label, embedded at one point each, far from the other, cost nothing.
        >>> round(float(losses.Circle()([0, 0, 1, 1], [[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])), 4)
        0.0

    Source: Sun et al. 2020, "Circle Loss: A Unified Perspective of Pair Similarity Optimization", arXiv:2002.10857, eq. 6.
    """

    in_config = ("gamma", "margin", "remove_diagonal")

    def __init__(
        self,
        gamma: float = 80.0,
        margin: float = 0.4,
        remove_diagonal: bool = True,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "circle",
        dtype: Any = None,
    ):
        super().__init__(circle, name, reduction, dtype, gamma=gamma, margin=margin, remove_diagonal=remove_diagonal)


@registry.export("losses")
def circle(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    ref_labels: ArrayLike | None = None,
    ref_embeddings: ArrayLike | None = None,
    remove_diagonal: bool = True,
    gamma: float = 80,
    margin: float = 0.4,
) -> Array:
    """softplus(logsumexp of gamma (m + d)(d - m) + logsumexp of gamma (1 + m - d)(1 - m - d)), with m the margin.

    The first sum runs over partners of the same label, the second over those of other labels, and d is the cosine
    distance 1 - y_pred . partner. So a partner of the same label should come within m, one of another label stay beyond
    1 - m; the factors in front let those pull hardest that are furthest from where they should be.

    Args:
        y_true: labels (batch,).
        y_pred: L2-normalised embeddings (batch, features).
        ref_labels: labels (references,) of the partners; by default the batch itself.
        ref_embeddings: embeddings (references, features) of the partners; by default the batch itself.
        remove_diagonal: whether the i-th sample is no partner of the i-th reference.
        gamma: the scale.
        margin: the relaxation.

    Shape: -> (batch,), with a mask that leaves out losses of 0.

    Example:
        >>> values = losses.circle([0, 0, 1], [[1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
        >>> np.asarray(values, float).round(1).tolist()  # 80 (0.4 + 1)(1 - 0.4) = 67.2 where only the partner is amiss
        [54.4, 67.2, 0.0]
    """
    y_pred = ops.convert_to_tensor(y_pred)
    y_true = ops.cast(y_true, "int32")
    references = y_pred if ref_embeddings is None else ops.convert_to_tensor(ref_embeddings)
    same, other = _partners(y_true, y_true if ref_labels is None else ops.cast(ref_labels, "int32"), remove_diagonal)
    distance = ops.maximum(1 - ops.matmul(y_pred, ops.transpose(references)), 0.0)

    pull = ops.maximum((margin + distance) * ops.cast(same, distance.dtype), 0.0)
    push = ops.maximum((1 + margin - distance) * ops.cast(other, distance.dtype), 0.0)
    too_far = -1 * gamma * pull * (margin - distance)
    too_near = gamma * push * (1 - margin - distance)

    far = ops.logsumexp(ops.where(same, too_far, float("-inf")), axis=1)
    near = ops.logsumexp(ops.where(other, too_near, float("-inf")), axis=1)
    values = ops.softplus(far + near)
    set_keras_mask(values, values > 0)
    return values


def _partners(labels: Any, references: Any, remove_diagonal: bool) -> tuple[Any, Any]:
    """Which pairs (sample, reference) share a label, and which do not, as (batch, references) of bools."""
    labels, references = ops.reshape(labels, (-1, 1)), ops.reshape(references, (1, -1))
    same = ops.equal(labels, references)
    other = ops.logical_not(same)
    if remove_diagonal:
        same = ops.logical_and(same, ops.logical_not(ops.eye(labels.shape[0], references.shape[1], dtype="bool")))
    return same, other
