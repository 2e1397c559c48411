"""What an object was constructed with, as plain data: the config of operations and layers that don't write their own.

Only classes of the user's own need it. Those of this library are read by their signature (`registry.signature_config`).
"""

from __future__ import annotations

import inspect
from typing import Any

from jaxnn.core import tree

_NEEDS_CONFIG = (
    "Object {0} was created with {1}, which is not plain data, so the object must override `get_config()` to be "
    "serializable:\n\n    def get_config(self):\n        config = super().get_config()\n"
    '        config.update({{"arg1": self.arg1}})\n        return config'
)


def constructor_config(operation: Any) -> dict[str, Any]:
    """The constructor's arguments by name.

    Raises:
        NotImplementedError: if one is not plain data.
    """
    cls = type(operation)
    args, kwargs = operation._init_arguments
    signature = inspect.signature(cls.__init__)
    bound = signature.bind(operation, *args, **kwargs)
    bound.apply_defaults()
    config: dict[str, Any] = {}
    for name, value in list(bound.arguments.items())[1:]:
        kind = signature.parameters[name].kind
        if kind is inspect.Parameter.VAR_KEYWORD:
            config.update(value)
        elif (
            kind is not inspect.Parameter.VAR_POSITIONAL and kind is not inspect.Parameter.POSITIONAL_ONLY
        ) or not value:
            config[name] = value
        else:
            raise NotImplementedError(_NEEDS_CONFIG.format(cls.__name__, f"positional arguments *{name}"))
    config.pop("args", None)
    if "name" in config and config["name"] is None:
        config.pop("name")
    plain = (str, int, float, bool, type(None))
    for name, value in config.items():
        if not all(isinstance(leaf, plain) for leaf in tree.flatten(value)):
            raise NotImplementedError(_NEEDS_CONFIG.format(cls.__name__, f"the argument `{name}`"))
    return {"name": operation.name, **config} if takes_keyword(cls, "name") else config


def further_arguments(layer: Any, own: Any, base: Any) -> dict[str, Any]:
    """What a user's class was constructed with; below one of our layers only if it is plain data, as in Keras.

    Args:
        layer: of the user's class.
        own: the nearest of our classes above it.
        base: what all layers derive from.
    """
    try:
        return constructor_config(layer)
    except NotImplementedError:
        common = inspect.signature(base.__init__).parameters
        further = [p for name, p in inspect.signature(own.__init__).parameters.items() if name not in common]
        if all(p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in further):
            raise
        return {}


def takes_keyword(cls: Any, name: str) -> bool:
    """Whether a class's constructor takes an argument by its name."""
    parameters = inspect.signature(cls.__init__).parameters
    return name in parameters or any(p.kind is p.VAR_KEYWORD for p in parameters.values())


def inherits_get_config(cls: type) -> bool:
    """Whether no class below the library's own overrides `get_config`."""
    owner = next(c for c in cls.__mro__ if "get_config" in vars(c))
    return owner.__module__.startswith("jaxnn.")
