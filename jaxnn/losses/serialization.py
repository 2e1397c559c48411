"""Losses from names and configs, and to them."""

from __future__ import annotations

from typing import Any

from jaxnn.core import registry


def get(identifier: Any) -> Any:
    """The loss that a name, a config, a class or a callable means; None stays None.

    Raises:
        ValueError: for an unknown name; the message names the nearest known one.

    Example:
        >>> losses.get("mse") is losses.mean_squared_error
        True
    """
    return registry.get("losses", identifier)


def serialize(loss: Any) -> dict[str, Any]:
    """The config of a loss object or function, with Keras's module name."""
    return registry.serialize_keras_object(loss)


def deserialize(name: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The loss of a config or name.

    Raises:
        ValueError: for an unknown name.
        TypeError: for a config of a class that nobody registered.
    """
    return registry.deserialize("losses", name, custom_objects)
