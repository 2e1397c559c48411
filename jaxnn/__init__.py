"""jaxnn: a Keras-compatible front end over JAX.

    import jaxnn as keras

    model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(1, activation="sigmoid")])
    model.compile(optimizer="sgd", loss="binary_crossentropy", metrics=["accuracy"])
    model.fit(x, y, epochs=20)

Underneath, every layer and model is a pure function that `jax.jit`, `jax.grad`, `jax.vmap` and `jax.lax.scan` accept:

    params, state = model.init(jax.random.key(0), (None, 8))
    y, state = model.apply(params, state, x, training=True)
"""

import typing as _typing

from jaxnn import (
    activations,
    applications,
    backend,
    callbacks,
    config,
    constraints,
    datasets,
    dtype_policies,
    explore,
    initializers,
    layers,
    losses,
    metrics,
    mixed_precision,
    models,
    ops,
    optimizers,
    preprocessing,
    random,
    regularizers,
    saving,
    training,
    tree,
    utils,
    wrappers,
)
from jaxnn.constraints import Constraint
from jaxnn.core.device import device
from jaxnn.core.dtypes import DTypePolicy, FloatDTypePolicy
from jaxnn.core.graph import Function, KerasTensor, Operation
from jaxnn.core.input_spec import InputSpec
from jaxnn.core.layer import Layer
from jaxnn.core.naming import name_scope
from jaxnn.core.remat import RematScope, remat
from jaxnn.core.scope import StatelessScope, SymbolicScope
from jaxnn.core.variable import Variable
from jaxnn.initializers import Initializer
from jaxnn.losses import Loss
from jaxnn.metrics import Metric
from jaxnn.regularizers import Regularizer
from jaxnn.version import __version__

if _typing.TYPE_CHECKING:  # at run time `__getattr__` imports them on demand
    from jaxnn.callbacks import *
    from jaxnn.layers import *
    from jaxnn.models import *
    from jaxnn.optimizers import *


def version() -> str:
    """The version as a string."""
    return __version__


# `from jaxnn import *` is enough for the documents' snippets. A name that two modules share (`Identity`, `get`) stays in
# its module, and `random` would hide Python's.
_SHARED = {"Identity", "deserialize", "get", "serialize"}
_HOMES = {name: module for module in (callbacks, layers, models, optimizers) for name in set(module.__all__) - _SHARED}
_MODULES = {
    "activations", "applications", "backend", "callbacks", "config", "constraints", "datasets", "dtype_policies", "explore", "initializers",
    "layers", "losses", "metrics", "mixed_precision", "models", "ops", "optimizers", "preprocessing", "random", "regularizers",
    "saving", "training", "tree", "utils", "wrappers",
}  # fmt: skip
__all__ = sorted({*_HOMES, *_MODULES} - {"random"})


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})


if not _typing.TYPE_CHECKING:  # a checker would take any name for one of ours

    def __getattr__(name: str) -> _typing.Any:
        """A layer, model, optimiser or callback by its bare name."""
        if name not in _HOMES:
            raise AttributeError(f"module 'jaxnn' has no attribute '{name}'")
        value = globals()[name] = getattr(_HOMES[name], name)
        return value
