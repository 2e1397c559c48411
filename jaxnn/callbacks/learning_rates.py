"""The learning rates of a model, as callbacks read, set and log them."""

from __future__ import annotations

from typing import Any

import numpy as np

from jaxnn.callbacks.callback import Logs


def optimizers_of(model: Any) -> list[tuple[str, Any]]:
    """Pairs of a name and an optimizer: the only one, named '', or the members of one that holds several."""
    optimizer = getattr(model.optimizer, "inner_optimizer", model.optimizer)  # a LossScaleOptimizer's
    several = getattr(optimizer, "optimizers", None)
    return [("", optimizer)] if several is None else [(member.name, member) for member in several]


def rate_of(optimizer: Any) -> float:
    """The current learning rate."""
    return float(np.asarray(optimizer.learning_rate))


def log_rates(model: Any, logs: Logs) -> None:
    """Adds 'learning_rate' to the logs, or 'learning_rate_<name>' for each of several optimizers."""
    for name, optimizer in optimizers_of(model):
        logs[f"learning_rate_{name}" if name else "learning_rate"] = rate_of(optimizer)
