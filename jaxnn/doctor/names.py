"""Names of losses and metrics: unknown ones are told at `compile`, with the nearest known one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from jaxnn.core import check, registry
from jaxnn.doctor.finding import Finding
from jaxnn.doctor.texts import Text

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
        nearest = nearest_name(name, [*sorted(registry.objects(kind)), *BY_SHAPE[kind]])
        help_ = Text("unknown/nearest/help", nearest=nearest) if nearest else Text("unknown/help", kind=kind)
        yield Finding(f"unknown-{noun}", "compile", Text(f"unknown-{noun}", name=name), help_)


def nearest_name(name: str, names: list[str]) -> str | None:
    """The one that `name` may have been meant for."""
    found = re.search(r"'(.*)'", check.nearest(name, names))
    return found and found[1]


def _strings(given: Any) -> Iterator[str]:
    """All strings of nested lists and dicts, but not those inside the config of an object."""
    if isinstance(given, str):
        yield given
    elif isinstance(given, list | tuple):
        for one in given:
            yield from _strings(one)
    elif isinstance(given, dict) and "class_name" not in given:
        yield from _strings(list(given.values()))
