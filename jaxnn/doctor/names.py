"""Names of losses and metrics: unknown ones are told at `compile`, with the nearest known one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from jaxnn.core import check, registry
from jaxnn.doctor.finding import Finding

BY_SHAPE = {"losses": ("crossentropy", "ce"), "metrics": ("accuracy", "acc", "crossentropy", "ce")}  # chosen by fit


def check_loss_names(loss: Any) -> Iterator[Finding]:
    """Strings in `loss` that name no loss."""
    yield from _unknown("losses", "loss", loss)


def check_metric_names(metrics: Any) -> Iterator[Finding]:
    """Strings in `metrics` or `weighted_metrics` that name no metric."""
    yield from _unknown("metrics", "metric", metrics)


def _unknown(kind: str, noun: str, given: Any) -> Iterator[Finding]:
    for name in _strings(given):
        if name.lower() in BY_SHAPE[kind] or registry.custom_object(name) is not None or registry.find(kind, name):
            continue
        hint = check.nearest(name, [*sorted(registry.objects(kind)), *BY_SHAPE[kind]])
        help_ = hint or f" Use one of those that jaxnn.{kind} lists, or pass a function."
        yield Finding(f"unknown-{noun}", f"compile: Could not interpret {noun} identifier: {name}.{help_}")


def _strings(given: Any) -> Iterator[str]:
    """All strings of nested lists and dicts, but not those inside the config of an object."""
    if isinstance(given, str):
        yield given
    elif isinstance(given, list | tuple):
        for one in given:
            yield from _strings(one)
    elif isinstance(given, dict) and "class_name" not in given:
        yield from _strings(list(given.values()))
