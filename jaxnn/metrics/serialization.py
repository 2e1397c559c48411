"""Metrics from names and configs, and to them."""

from __future__ import annotations

from typing import Any

from jaxnn.core import registry


def get(identifier: Any) -> Any:
    """The metric that a name, a config, a class or a callable means; None stays None.

    Raises:
        ValueError: for an unknown name; the message names the nearest known one.

    Example:
        >>> metrics.get("mse")
        <MeanSquaredError name=mean_squared_error>
    """
    return registry.get("metrics", identifier)


def serialize(metric: Any) -> dict[str, Any]:
    """The config of a metric object or function, with Keras's module name."""
    return registry.serialize_keras_object(metric)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The metric of a config or name.

    Raises:
        ValueError: for an unknown name.
        TypeError: for a config of a class that nobody registered.
    """
    return registry.deserialize("metrics", config, custom_objects)
