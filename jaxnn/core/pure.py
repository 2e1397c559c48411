"""Any layer as a pure function.

    params, state = layer.init(key, input_shape)                   two flat dictionaries {path: array}
    y, state      = layer.apply(params, state, x, training=True)

`params` holds exactly what the gradient moves, `state` what the forward pass moves (running statistics, seeds) and what
is frozen. Both are plain dictionaries, so `jit`, `grad`, `vmap`, `scan` and `jax.checkpoint` take them as they are:

    loss, grads = jax.value_and_grad(lambda p: jnp.mean(layer.apply(p, state, x)[0] ** 2))(params)
    members     = jax.vmap(lambda key: layer.init(key, (None, 8)))(jax.random.split(key, 10))
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp

from jaxnn.core import check, tree
from jaxnn.core.graph import KerasTensor
from jaxnn.core.scope import StatelessScope
from jaxnn.core.types import Array, Params, State
from jaxnn.core.walk import named_variables

if TYPE_CHECKING:
    from jaxnn.core.variable import Variable


def build(layer: Any, input_shape: Any, dtype: Any = None, **kwargs: Any) -> None:
    """Makes the layer's Variables for an input shape (or a structure of shapes), if it hasn't any yet."""
    if layer.built and all(inner.built for inner in layer._flatten_layers()):
        return
    dtype = dtype or layer.input_dtype
    inputs = tree.map_shape_structure(lambda s: KerasTensor(s, dtype=dtype, record_history=False), input_shape)
    layer(inputs, **kwargs)


def init(layer: Any, key: Array, input_shape: Any = None, **kwargs: Any) -> tuple[Params, State]:
    """Fresh values for all of a layer's Variables.

    The layer is built first if it isn't; its own Variables keep their values. The function is pure in `key`: vmap it
    over keys for an ensemble.

    Args:
        layer: any layer or model.
        key: a JAX random key. Every random initialiser and every seed is drawn from it.
        input_shape: with None for the batch: `(None, 8)`, or a list or dict of shapes. Not needed once built.
        **kwargs: further arguments of the call that builds, and `dtype` of the inputs.

    Returns:
        `params` and `state`, by path. A path is made of attributes and classes (`layers/dense_1/kernel`), never of
        the names given to layers, so that equal models have equal trees.
    """
    if not (isinstance(key, jax.Array) or hasattr(key, "dtype")):
        raise TypeError(
            f"{type(layer).__name__} '{layer.name}': `key` must be a JAX random key; got {key!r}. "
            "Write init(jax.random.key(0), (None, 8))."
        )
    if input_shape is not None or not layer.built:
        build(layer, input_shape, **kwargs)
    params: Params = {}
    state: State = {}
    trainable = {id(v) for v in layer.trainable_variables}
    for i, (path, v) in enumerate(named_variables(layer).items()):
        target = params if id(v) in trainable else state
        target[path] = _fresh(v, jax.random.fold_in(key, i))
    return params, state


def _fresh(variable: Variable, key: Array) -> Array:
    if variable.name == "seed_generator_state":
        return jnp.stack([jax.random.bits(key, (), "uint32"), jnp.uint32(0)])
    if variable._initializer is None:
        return variable.value
    with StatelessScope(key=key):
        return jnp.asarray(variable._initializer(variable.shape, dtype=variable._dtype), dtype=variable._dtype)


def take(layer: Any) -> tuple[Params, State]:
    """The current values of a layer's Variables, as `params` and `state`."""
    trainable = {id(v) for v in layer.trainable_variables}
    params: Params = {}
    state: State = {}
    for path, v in named_variables(layer).items():
        (params if id(v) in trainable else state)[path] = v.value
    return params, state


def give(layer: Any, params: Params, state: State) -> None:
    """Writes values back into the layer's Variables: what a loop of one's own has trained."""
    values = {**params, **state}
    named = named_variables(layer)
    _check_names(layer, values, named)
    for path, v in named.items():
        v.assign(values[path])


def apply(
    layer: Any,
    params: Params,
    state: State,
    *args: Any,
    key: Array | None = None,
    return_losses: bool = False,
    **kwargs: Any,
) -> Any:
    """The layer's call as a pure function of its values.

    Args:
        layer: a built layer or model.
        params, state: as `init` gave them, in one split or another (a path may stand in either).
        *args: inputs.
        key: if given, everything random is drawn from it; else from the seeds in `state`, which move on.
        return_losses: whether to give the penalties and `add_loss` terms as well.
        **kwargs: further arguments of the call, `training=True` above all.

    Returns:
        `(outputs, state)`, or `(outputs, state, losses)`. The new state has the same paths as the one given.

    Raises:
        ValueError: if a path is missing, is unknown, or has another shape.
    """
    for name, given in (("params", params), ("state", state)):
        if not isinstance(given, dict):
            raise TypeError(
                f"{type(layer).__name__} '{layer.name}': `{name}` must be a dictionary of arrays by path, as init gives; "
                f"got {type(given).__name__}. Write apply(params, state, x)."
            )
    named = named_variables(layer)
    values = {**params, **state}
    _check_names(layer, values, named)
    mapping = [(v, values[path]) for path, v in named.items()]
    with StatelessScope(mapping, collect_losses=True, key=key) as scope:
        outputs = layer(*args, **kwargs)
        losses = layer.losses if return_losses else None
    new_state = {path: scope.get_current_value(named[path]) for path in state}
    return (outputs, new_state, losses) if return_losses else (outputs, new_state)


def stateless_call(
    layer: Any, trainable: Any, non_trainable: Any, args: tuple, kwargs: dict, return_losses: bool = False
) -> Any:
    """Keras's `Layer.stateless_call`: values in lists, `call` itself, new non-trainable values out."""
    layer._check_super_called()
    if not layer.built:
        raise ValueError(
            f"To call stateless_call, {type(layer).__name__} must be built (i.e. its variables must have been already "
            "created). You can build it by calling it on some data."
        )
    own_trainable, own_rest = layer.trainable_variables, layer.non_trainable_variables
    for name, own, given in (
        ("trainable_variables", own_trainable, trainable),
        ("non_trainable_variables", own_rest, non_trainable),
    ):
        if len(own) != len(given):
            raise ValueError(
                f"Argument `{name}` must be a list of tensors corresponding 1:1 to {type(layer).__name__}().{name}. "
                f"Received list with length {len(given)}, but expected {len(own)} variables."
            )
    given = [*zip(own_trainable, trainable, strict=True), *zip(own_rest, non_trainable, strict=True)]
    outputs, scope, losses = forward(layer, given, args, kwargs, return_losses)
    rest = [scope.get_current_value(v) for v in own_rest]
    return (outputs, rest, losses) if return_losses else (outputs, rest)


def forward(
    layer: Any, given: list[tuple[Variable, Any]], args: tuple, kwargs: dict, collect_losses: bool
) -> tuple[Any, StatelessScope, list | None]:
    """`call` on given values of Variables: the outputs, the scope that knows what the values are now, and the losses."""
    with StatelessScope(given, collect_losses=collect_losses) as scope:
        outputs = _root_call(layer, *args, **kwargs)(*args, **kwargs)
        losses = layer.losses if collect_losses else None
    return outputs, scope, losses


def _root_call(layer: Any, *args: Any, **kwargs: Any) -> Any:
    """`call`, under `remat` if the layer is made so and its parts aren't.

    A whole model whose layers forget already would save nothing: all it forgets is back before the gradient starts.
    """
    parts_forget = any(inner._remat_mode is not None for inner in layer._flatten_layers(include_self=False))
    return layer.call if parts_forget else layer.rematerialized_call(layer.call, *args, **kwargs)


def _check_names(layer: Any, values: dict, named: dict) -> None:
    who = f"{type(layer).__name__} '{layer.name}'"
    for path in named:
        if path not in values:
            raise ValueError(
                f"{who}: `params` and `state` lack '{path}'.{check.nearest(path, values)} Use what `init` gave."
            )
    for path in values:
        if path not in named:
            raise ValueError(
                f"{who}: `params` or `state` has '{path}', which it doesn't know.{check.nearest(path, named)}"
            )
