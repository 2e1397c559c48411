"""Layers that are sound by themselves and not in this call."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from jaxnn.core import check
from jaxnn.doctor.case import Case
from jaxnn.doctor.finding import Finding
from jaxnn.doctor.texts import Text


def check_adapted(case: Case) -> Iterator[Finding]:
    """A Normalization that has neither been given nor has learned its statistics."""
    for layer in _layers(case, "Normalization"):
        if layer.input_mean is None and not _is_adapted(layer):
            fact = Text("unadapted-normalization", layer=check.name_of(layer))
            yield Finding("unadapted-normalization", case.who, fact, Text("unadapted-normalization/help"), "warning")


def check_batch_of_one(case: Case) -> Iterator[Finding]:
    """Batch normalisation of single numbers over batches of one sample."""
    alone = case.given.batch_size == 1 or any(a.shape[0] == 1 for _, a in case.arrays)
    for layer in _layers(case, "BatchNormalization") if alone else ():
        if layer.trainable and getattr(layer.input_spec, "ndim", None) == 2:
            fact = Text("batch-of-one", layer=check.name_of(layer))
            yield Finding("batch-of-one", case.who, fact, Text("batch-of-one/help"), "warning")


def _layers(case: Case, kind: str) -> list[Any]:
    """Our layers of a class, wherever they are in the model."""
    if case.who != "fit":
        return []
    layers = case.model._flatten_layers()
    return [one for one in layers if type(one).__name__ == kind and type(one).__module__.startswith("jaxnn.")]


def _is_adapted(layer: Any) -> bool:
    mean, variance = getattr(layer, "adapt_mean", None), getattr(layer, "adapt_variance", None)
    if mean is None or variance is None:
        return False
    return bool(np.any(mean.numpy() != 0) or np.any(variance.numpy() != 1))
