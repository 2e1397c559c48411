"""CTC: the loss of labels whose places in the predictions are unknown, as in speech and handwriting.

The class is followed by its function, which holds the string (see `regression.py`).
"""

from __future__ import annotations

from typing import Any

from jaxnn import ops
from jaxnn.core import registry
from jaxnn.core.types import Array, ArrayLike
from jaxnn.losses.wrapper import NamedLoss


@registry.export("losses")
class CTC(NamedLoss):
    """-ln of the probability that the predictions spell the labels, summed over all alignments of the two.

    Args:
        reduction: see `Loss`.
        name: see `Loss`.
        dtype: see `Loss`.

    Shape: `y_true`: (batch, labels), filled up with 0, the blank; `y_pred`: (batch, time, classes), logits.

    Raises:
        ValueError: if `y_true` is not of rank 2, or `y_pred` not of rank 3.

    Example:
        >>> round(float(losses.CTC()([[1, 0]], [[[0.0, 0.0], [0.0, 0.0]]])), 4)  # three of four paths spell 1
        0.2877

    Source: Graves et al. 2006, "Connectionist Temporal Classification"; https://keras.io/api/losses/
    """

    def __init__(self, reduction: str | None = "sum_over_batch_size", name: str | None = "ctc", dtype: Any = None):
        super().__init__(ctc, name, reduction, dtype)


@registry.export("losses")
def ctc(y_true: ArrayLike, y_pred: ArrayLike) -> Array:
    """-ln p(y_true | y_pred), in nats, for each sample. All time steps count, and all labels but 0, the blank.

    `ops.ctc_loss` takes lengths, and another blank.

    Shape: (batch, labels) and (batch, time, classes) -> (batch,).

    Raises:
        ValueError: for other ranks.

    Example:
        >>> losses.ctc([[1]], [[[0.0, 0.0]]])  # one path of two: ln 2
        Array([0.6931472], dtype=float32)
    """
    y_true, y_pred = ops.convert_to_tensor(y_true), ops.convert_to_tensor(y_pred)
    if y_true.ndim != 2:
        raise ValueError(
            "Targets `y_true` are expected to be a tensor of shape `(batch_size, max_length)` in integer format. "
            f"Received: y_true.shape={y_true.shape}"
        )
    if y_pred.ndim != 3:
        raise ValueError(
            "Logits `y_pred` are expected to be a tensor of shape `(batch_size, max_length, num_classes)`. "
            f"Received: y_pred.shape={y_pred.shape}"
        )
    labels = ops.cast(ops.sum(ops.not_equal(y_true, 0), axis=-1), "int32")
    return ops.ctc_loss(y_true, y_pred, labels, ops.zeros_like(labels) + y_pred.shape[1])
