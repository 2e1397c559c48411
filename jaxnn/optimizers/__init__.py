"""Optimisers: how gradients move weights. Keras's, with its numbers; and any of optax's."""

from typing import Any

from jaxnn.core import check, registry
from jaxnn.optimizers import schedules, transforms
from jaxnn.optimizers.adam import Adam, Adamax, AdamW, Nadam
from jaxnn.optimizers.adaptive import Adadelta, Adagrad, RMSprop
from jaxnn.optimizers.ftrl import Ftrl
from jaxnn.optimizers.large_batch import Adafactor, Lamb
from jaxnn.optimizers.lion import Lion
from jaxnn.optimizers.loss_scale import LossScaleOptimizer
from jaxnn.optimizers.multi import MultiOptimizer, OptimizerMap
from jaxnn.optimizers.muon import Muon
from jaxnn.optimizers.optimizer import Optimizer
from jaxnn.optimizers.schedule_free import ScheduleFreeAdamW
from jaxnn.optimizers.sgd import SGD
from jaxnn.optimizers.transforms import normalize_gradient
from jaxnn.optimizers.wrap import OptaxOptimizer
from jaxnn.optimizers.wrap import is_transformation as _is_transformation

__all__ = [
    "SGD",
    "Adadelta",
    "Adafactor",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Ftrl",
    "Lamb",
    "Lion",
    "LossScaleOptimizer",
    "MultiOptimizer",
    "Muon",
    "Nadam",
    "OptaxOptimizer",
    "Optimizer",
    "OptimizerMap",
    "RMSprop",
    "ScheduleFreeAdamW",
    "deserialize",
    "get",
    "normalize_gradient",
    "schedules",
    "serialize",
    "transforms",
]


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
    if _is_transformation(identifier):
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
    known = {name.lower(): cls for name, cls in registry.objects("optimizers").items()}
    name = config["class_name"]
    with registry.CustomObjectScope(custom_objects):
        if all(registry.custom_object(x) is None for x in (config.get("registered_name"), name)):
            if name.lower() not in known:
                raise ValueError(f"Could not interpret optimizer identifier: {name}.{check.nearest(name, known)}")
            config = {**config, "class_name": known[name.lower()].__name__}
        result = registry.deserialize("optimizers", config)
    if not isinstance(result, Optimizer):
        raise ValueError(f"Could not interpret optimizer identifier: {config}")
    return result
