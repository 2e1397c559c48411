"""`add_loss`, and what has been added: by the last call, or in the scope around.

Outside scopes a layer holds its terms until its next call. Inside one they belong to the scope, and the layer remembers
which are its own.
"""

from __future__ import annotations

from typing import Any

import jax

from jaxnn.core import tree
from jaxnn.core.scope import current_scope


def add(layer: Any, loss: Any) -> None:
    """Adds a term, or several.

    Raises:
        ValueError: for something that is no tensor.
    """
    losses = tree.flatten(loss)
    for x in losses:
        if not isinstance(x, jax.Array):
            raise ValueError(
                "`add_loss()` can only be called from inside `build()` or `call()`, on a tensor input. "
                f"Received invalid value: {x}"
            )
    scope = current_scope()
    if scope is None:
        layer._losses.extend(losses)
    elif scope.collect_losses:
        for x in losses:
            scope.add_loss(x, layer)
            layer._loss_ids.add(id(x))


def of(layer: Any) -> list:
    """What a layer has added, without those inside it."""
    scope = current_scope()
    return list(layer._losses) if scope is None else [x for x in scope.losses if id(x) in layer._loss_ids]


def clear(layer: Any) -> None:
    """Forgets what a layer and those inside it have added."""
    scope = current_scope()
    for part in layer._flatten_layers():
        if scope is not None and scope.collect_losses and part._loss_ids:
            scope.losses[:] = [x for x in scope.losses if id(x) not in part._loss_ids]
        part._losses.clear()
        part._loss_ids.clear()
