"""Optimisers from names and configs, and to them."""

from __future__ import annotations

from typing import Any

from jaxnn.core import check, registry
from jaxnn.optimizers.optimizer import Optimizer
from jaxnn.optimizers.wrap import OptaxOptimizer, is_transformation


def get(identifier: Any) -> Optimizer | None:
    """An optimiser from whatever names one.

    Args:
        identifier: a name in any case ('adam', 'RMSprop'), a config, an optimiser, an optax transformation, or None.

    Raises:
        ValueError: for anything else; an unknown name is answered with the nearest known one.

    Example:
        >>> get("rmsprop").get_config()["rho"]
        0.9
    """
    if identifier is None or isinstance(identifier, Optimizer):
        return identifier
    if isinstance(identifier, str):
        return deserialize({"class_name": identifier, "config": {}})
    if isinstance(identifier, dict):
        return deserialize(identifier)
    if is_transformation(identifier):
        return OptaxOptimizer(identifier)
    hint = f" Pass an instance: {identifier.__name__}()." if isinstance(identifier, type) else ""
    raise ValueError(f"Could not interpret optimizer identifier: {identifier}.{hint}")


def serialize(optimizer: Optimizer) -> dict[str, Any]:
    """The config of an optimiser, with Keras's module name."""
    return registry.serialize_keras_object(optimizer)


def deserialize(config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Optimizer:
    """The optimiser of a config; the names of Keras's own classes may be in any case.

    Raises:
        ValueError: for a class that nobody registered, or that is no optimiser.
    """
    name = config["class_name"]
    with registry.CustomObjectScope(custom_objects):
        if all(registry.custom_object(x) is None for x in (config.get("registered_name"), name)):
            config = {**config, "class_name": _class_of(name).__name__}
        result = registry.deserialize("optimizers", config)
    if not isinstance(result, Optimizer):
        raise ValueError(f"Could not interpret optimizer identifier: {config}")
    return result


def _class_of(name: str) -> type[Optimizer]:
    """Keras's class of a name in any case. All are imported only where its public name isn't enough."""
    known: dict[str, str] = {}
    for names in (registry.names, registry.objects):
        known = {known_name.lower(): known_name for known_name in names("optimizers")}
        found = registry.find("optimizers", known[name.lower()]) if name.lower() in known else None
        if found is not None:
            return found
    raise ValueError(f"Could not interpret optimizer identifier: {name}.{check.nearest(name, known)}")
