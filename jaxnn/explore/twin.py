"""Twin: a model as pure functions of its values, made from a copy, so that exploring leaves the model as it is."""

from __future__ import annotations

import contextlib
import copy
import random
import warnings
from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxnn import layers
from jaxnn.core import naming, pure, tree
from jaxnn.core.call import watching
from jaxnn.core.layer import Layer
from jaxnn.core.scope import StatelessScope
from jaxnn.core.types import Array, Params, State
from jaxnn.core.variable import Variable
from jaxnn.core.walk import named_variables, walk
from jaxnn.models import Model
from jaxnn.training.arrays import as_rows
from jaxnn.training.columns import by_name
from jaxnn.training.programs import shared
from jaxnn.training.state import TrainState, take_state

_PASSING_ON = (
    *(layers.InputLayer, layers.Dropout, layers.SpatialDropout1D, layers.SpatialDropout2D, layers.SpatialDropout3D),
    *(layers.Flatten, layers.Reshape, layers.Permute, layers.RepeatVector, layers.Identity, layers.Masking),
    *(layers.GaussianNoise, layers.GaussianDropout, layers.AlphaDropout),
)  # at test time their outputs are their inputs' numbers


class Twin:
    """A copy of a model, with its data as arrays.

    Args:
        who: the function that asks, for messages.
        model: a Model; built by the data's shapes if it isn't.
        x, y: inputs and targets, whatever `fit` takes as arrays. With `y` the model must be compiled with a loss.

    Attributes:
        model: the copy.
        params, state: the values by path, as `model.take` gives them.
        x, y: arrays or structures of them.

    Raises:
        TypeError: for something that is no Model.
        ValueError: for a model that isn't compiled though `y` is given, or for no rows.
    """

    def __init__(self, who: str, model: Any, x: Any = None, y: Any = None):
        if not isinstance(model, Model):
            raise TypeError(
                f"{who}: a Model was expected; got {model!r}. Give a Sequential, functional or subclassed one."
            )
        self.who, self.original = who, model
        self.x = None if x is None else as_rows(by_name(model, x))
        self.y = None if y is None else as_rows(y)
        self._check_data()
        with undisturbed():
            self.model = copy.deepcopy(model)
            self._build()
        self.params, self.state = pure.take(self.model)
        named = named_variables(self.model)
        path_of = {id(v): path for path, v in named.items()}
        self.paths = [path_of[id(v)] for v in self.model.trainable_variables]
        self._state_paths = [path_of[id(v)] for v in self.model.non_trainable_variables]

    def _check_data(self) -> None:
        rows = {len(a) for a in jax.tree.leaves((self.x, self.y))}
        if len(rows) > 1:
            raise ValueError(f"{self.who}: inputs and targets must have as many rows; got {sorted(rows)}.")
        if rows == {0}:
            raise ValueError(f"{self.who}: there are no rows in the data.")

    def _build(self) -> None:
        model = self.model
        if self.y is not None:
            if not model.compiled:
                raise ValueError(f"{self.who} needs a loss. Call model.compile(optimizer=…, loss=…) first.")
            with warnings.catch_warnings(action="ignore"):  # what `fit` would warn of is `fit`'s to say
                model.build_for(self.x, self.y)
        elif not all(layer.built for layer in model._flatten_layers()):
            if self.x is None:
                raise ValueError(f"{self.who}: model '{model.name}' isn't built. Give it an Input, or call it on data.")
            pure.build(model, tree.map_structure(lambda a: (None, *a.shape[1:]), self.x))

    @property
    def rows(self) -> int:
        """How many examples there are."""
        return len(jax.tree.leaves(self.x)[0])

    def some(self, limit: int | None) -> Any:
        """(x, y) of at most `limit` rows, evenly spaced."""
        if limit is None or self.rows <= limit:
            return self.x, self.y
        rows = np.linspace(0, self.rows - 1, limit).round().astype(int)
        return jax.tree.map(lambda a: a[rows], (self.x, self.y))

    def one_input(self) -> np.ndarray:
        """The inputs where they are one array."""
        if not hasattr(self.x, "shape"):
            count = len(tree.flatten(self.x))
            raise ValueError(
                f"{self.who} works on models with one input; '{self.model.name}' has {count}. Make a Model from the one that "
                "you want to look at: Model(one_input, output)."
            )
        return self.x

    # --- pure functions of (params, state) ---------------------------------------------------------------------------------

    def predict(self, params: Params, state: State, x: Any, training: bool = False) -> Any:
        """The model's outputs."""
        kwargs = {"training": training} if self.model._call_has_training_arg else {}
        return self.model.apply(params, state, x, **kwargs)[0]

    def loss(self, params: Params, state: State, x: Any, y: Any, training: bool = False) -> Array:
        """The compiled loss of a batch with all penalties: a scalar."""
        trainable = [params[path] for path in self.paths]
        rest = [state[path] for path in self._state_paths]
        tracked = [v.value for v in self.model.metrics_variables]
        slots = [] if self.model.optimizer is None else [v.value for v in self.model.optimizer.variables]
        _, (loss, *_) = self.model.compute_loss_and_updates(
            trainable, rest, tracked, x, y, None, training=training, optimizer_variables=slots
        )
        return loss

    def watch(self, params: Params, state: State, x: Any, training: bool = False) -> tuple[Any, dict[str, Array]]:
        """The outputs and what each of the `parts` gives on the way, in the order of the calls."""
        names = {id(layer): name for name, layer in self.parts().items()}
        seen: dict[str, Array] = {}

        def see(layer: Layer, outputs: Any) -> Any:
            if id(layer) not in names or not isinstance(outputs, jax.Array):
                return outputs
            name, n = names[id(layer)], 2
            while name in seen:  # a shared layer
                name, n = f"{names[id(layer)]} ({n})", n + 1
            seen[name] = outputs
            return outputs

        with watching(see):
            y = self.predict(params, state, x, training)
        return y, seen

    def look(
        self, x: Any, params: Params | None = None, members: bool = False, training: bool = False
    ) -> tuple[Any, dict]:
        """What `watch` gives, computed: the outputs, and those of the parts in the order of the calls.

        Args:
            x: inputs.
            params: other values than the model's.
            members: whether `params` has a leading axis of members, which then the results have as well.
            training: whether layers behave as in training.
        """
        names: list[str] = []

        def run(params: Params, state: State, x: Any) -> tuple[Any, list]:
            outputs, seen = self.watch(params, state, x, training)
            names[:] = seen  # a dict would come out of a compiled program in the order of the alphabet
            return outputs, list(seen.values())

        args = (self.params if params is None else params, self.state, x)
        outputs, seen = shared(jax.vmap(run, in_axes=(0, None, None)) if members else run, *args)(*args)
        return outputs, dict(zip(names, seen, strict=True))

    def parts(self) -> dict[str, Layer]:
        """The layers that compute something, by name, those of models inside included, in the model's order."""
        found: dict[str, Layer] = {}

        def add(model: Model) -> None:
            for layer in model.layers:
                if isinstance(layer, Model):
                    add(layer)
                elif not isinstance(layer, _PASSING_ON):
                    name, n = layer.name, 2
                    while name in found and found[name] is not layer:
                        name, n = f"{layer.name} <{n}>", n + 1
                    found[name] = layer

        add(self.model)
        return found

    def kernels(self, layer: Layer) -> list[str]:
        """The paths of a layer's trainable weights of two axes and more: matrices and filters, no biases."""
        named = {id(v): path for path, v in named_variables(self.model).items()}
        return [named[id(v)] for v in layer.trainable_variables if len(v.shape) > 1]

    # --- training ----------------------------------------------------------------------------------------------------------

    def train_state(self) -> TrainState:
        """The state that `train_epoch` moves."""
        if self.model.optimizer is None:
            raise ValueError(f"{self.who} trains a copy, which needs an optimizer: model.compile(optimizer=…, loss=…).")
        return take_state(self.model)

    def values_of(self, state: Any) -> tuple[Params, State]:
        """A TrainState's lists as `params` and `state`."""
        return dict(zip(self.paths, state[0], strict=True)), dict(zip(self._state_paths, state[1], strict=True))

    def fresh(self, state: TrainState, key: Array) -> TrainState:
        """A TrainState that starts anew: weights from their initialisers and seeds from the key, the optimiser's slots as given.

        What is frozen or adapted to data (`Normalization`) stays. Pure in `key`, so it can be vmapped.
        """
        kept = {id(v) for _, part in walk(self.model) if _stays(part) for v in part.variables}
        groups = []
        for shift, (variables, values) in enumerate(
            zip((self.model.trainable_variables, self.model.non_trainable_variables), state[:2], strict=True)
        ):
            groups.append(
                [
                    value if id(v) in kept else _fresh(v, value, jax.random.fold_in(jax.random.fold_in(key, shift), i))
                    for i, (v, value) in enumerate(zip(variables, values, strict=True))
                ]
            )
        return TrainState(*groups, state.optimizer, state.metrics)


def _stays(part: Any) -> bool:
    return isinstance(part, Layer) and (not part.trainable or hasattr(part, "adapt"))


def _fresh(variable: Variable, value: Any, key: Array) -> Array:
    if variable.name == "seed_generator_state":
        return jnp.stack([jax.random.bits(key, (), "uint32"), jnp.uint32(0)]).astype(value.dtype)
    if variable._initializer is None:
        return jnp.asarray(value)
    return draw(variable._initializer, variable.shape, variable._dtype, key)


def draw(initializer: Any, shape: Any, dtype: Any, key: Array) -> Array:
    """What an initialiser gives when its randomness comes from a key."""
    with StatelessScope(key=key):
        return jnp.asarray(initializer(shape, dtype=dtype), dtype=dtype)


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """A block after which Python's and NumPy's random streams and the automatic names go on as if it hadn't been."""
    streams, names = (random.getstate(), np.random.get_state()), naming._counters.copy()
    try:
        yield
    finally:
        random.setstate(streams[0])
        np.random.set_state(streams[1])
        naming._counters.clear()
        naming._counters.update(names)
