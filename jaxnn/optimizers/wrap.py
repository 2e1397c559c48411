"""OptaxOptimizer: any optax transformation as an optimiser, so that `compile(optimizer=optax.adam(1e-3))` works."""

from __future__ import annotations

import contextlib
import inspect
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from itertools import pairwise
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxnn.core import registry
from jaxnn.core.types import Array, PyTree
from jaxnn.core.variable import Variable
from jaxnn.optimizers.optimizer import Optimizer


@registry.export("optimizers", package="jaxnn")
class OptaxOptimizer(Optimizer):
    """Moves the variables by an optax transformation; `compile` and `optimizers.get` make one of whatever optax gives.

    The transformation sees a dictionary {path: array} of the variables, so labels and masks may go by name. Its state lies
    in `variables`, after the iteration. A variable without a gradient counts as having gradient 0 and is not moved.

    A transformation that asks for `value`, `grad` or `value_fn` in its update, as `optax.lbfgs`, `optax.polyak_sgd` and
    `optax.contrib.reduce_on_plateau` do, gets them from `fit`: the loss of the batch (before loss scaling), its gradient, and
    the loss by the parameters. Other extra arguments are for a `train_step` of your own: `stateless_apply(..., name=...)`.

    Args:
        transformation: anything with optax's `init` and `update`; it has the learning rate and the minus sign in it.
        name: None takes the class's name.
        **kwargs: of `Optimizer`: clipping, averaging, accumulation.

    Raises:
        TypeError: for something that is no transformation.
        AttributeError: when its learning rate is asked for or set, unless it was made by `optax.inject_hyperparams` with
            a `learning_rate`: that one is then read and set.

    Example:
        >>> import optax
        >>> w = Variable([1.0, 2.0])
        >>> optimizer = OptaxOptimizer(optax.inject_hyperparams(optax.sgd)(learning_rate=0.5))
        >>> _ = optimizer.apply_gradients([(jnp.array([1.0, 1.0]), w)])
        >>> optimizer.learning_rate = 1.0
        >>> _ = optimizer.apply_gradients([(jnp.array([1.0, 1.0]), w)])
        >>> w.numpy()
        array([-0.5,  0.5], dtype=float32)

    Source: https://optax.readthedocs.io/en/latest/api/transformations.html
    """

    def __init__(self, transformation: Any, name: str | None = None, **kwargs: Any):
        super().__init__(_unknown_rate, name=name, **kwargs)
        if not is_transformation(transformation):
            raise TypeError(
                f"OptaxOptimizer: expected an optax transformation, with `init` and `update`; got {transformation!r}."
            )
        if self.weight_decay is not None:
            raise ValueError("OptaxOptimizer: `weight_decay` is not taken. Chain optax.add_decayed_weights instead.")
        self.transformation = transformation
        self._extra_arguments: dict[str, Any] = {}

    def build(self, variables: Sequence[Variable]) -> None:
        """Makes a variable of every array in the transformation's first state."""
        if self.built:
            return
        super().build(variables)
        self._names = _unique([v.path for v in self._trainable_variables])
        values = {name: v.value for name, v in zip(self._names, self._trainable_variables, strict=True)}
        first = jax.jit(self.transformation.init)(values)  # one program, where `init` by itself compiles several
        flat, self._structure = jax.tree_util.tree_flatten_with_path(first)
        self._rate_index = _rate_index([path for path, _ in flat])
        self._key_types = [_key_type(leaf) for _, leaf in flat]
        made = {i: self._make_leaf(*flat[i]) for i in _by_variables([path for path, _ in flat], self._names)}
        self._leaves = [made[i] for i in range(len(flat))]

    def _make_leaf(self, path: tuple, leaf: Array) -> Variable:
        name = jax.tree_util.keystr(path, simple=True, separator="_").replace("/", "_") or "state"
        value = np.asarray(leaf if _key_type(leaf) is None else jax.random.key_data(leaf))
        with self._scope():
            variable = Variable(value, trainable=False, name=name)
        self._track(variable)
        return variable

    # --- one step ----------------------------------------------------------------------------------------------------

    def apply(
        self, grads: Sequence[Any], trainable_variables: Sequence[Variable] | None = None, **extra_arguments: Any
    ) -> None:
        """Moves the variables by their gradients.

        Args:
            grads: one for each variable.
            trainable_variables: the variables; None: those it was built for.
            **extra_arguments: what the transformation's `update` takes beyond optax's three, such as `value=loss`.
        """
        with self._given(extra_arguments):
            super().apply(grads, trainable_variables)

    def stateless_apply(
        self,
        optimizer_variables: Sequence[Any],
        grads: Sequence[Any],
        trainable_variables: Sequence[Any],
        **extra_arguments: Any,
    ) -> tuple[list[Array], list[Array]]:
        """`apply` as a pure function of arrays; see `Optimizer.stateless_apply`."""
        with self._given(extra_arguments):
            return super().stateless_apply(optimizer_variables, grads, trainable_variables)

    def knowing(self, loss: Any, loss_at: Callable[[Sequence[Array]], Array]) -> AbstractContextManager:
        """Gives the transformation `value`, the loss, and `value_fn`, the loss by its parameters."""

        def value_fn(params: PyTree) -> Array:
            return loss_at([params[name] for name in self._names])

        return self._given({"value": loss, "value_fn": value_fn})

    @contextlib.contextmanager
    def _given(self, extra_arguments: dict[str, Any]) -> Iterator[None]:
        before, self._extra_arguments = self._extra_arguments, {**self._extra_arguments, **extra_arguments}
        try:
            yield
        finally:
            self._extra_arguments = before

    def _step(self, grads: list[Array], variables: list[Variable]) -> None:
        params = dict(zip(self._names, (v.value for v in self._trainable_variables), strict=True))
        tree = {name: jnp.zeros_like(value) for name, value in params.items()}
        for gradient, variable in zip(self._clip_gradients(grads), variables, strict=True):
            name = self._names[self._get_variable_index(variable)]
            tree[name] = gradient.astype(params[name].dtype)
        updates, state = self.transformation.update(tree, self._state(), params, **self._asked_for(tree))
        for leaf, value in zip(self._leaves, jax.tree.leaves(state), strict=True):
            leaf.assign(value if _key_type(value) is None else jax.random.key_data(value))
        for variable in variables:
            self.assign_add(variable, updates[self._names[self._get_variable_index(variable)]])

    def _asked_for(self, gradients: PyTree) -> dict[str, Any]:
        """Those of the arguments at hand that the transformation takes."""
        at_hand = {"grad": gradients, **self._extra_arguments}
        parameters = inspect.signature(self.transformation.update).parameters.values()
        if any(p.kind is p.VAR_KEYWORD for p in parameters):
            return at_hand
        return {p.name: at_hand[p.name] for p in parameters if p.name in at_hand}

    def _state(self) -> PyTree:
        values = [
            leaf.value if kind is None else jax.random.wrap_key_data(leaf.value, impl=kind)
            for leaf, kind in zip(self._leaves, self._key_types, strict=True)
        ]
        return self._structure.unflatten(values)

    # --- the learning rate -------------------------------------------------------------------------------------------

    @property
    def learning_rate(self) -> Any:
        """The `learning_rate` of `optax.inject_hyperparams`."""
        return self._injected_rate()

    @learning_rate.setter
    def learning_rate(self, learning_rate: Any) -> None:
        rate = self._injected_rate()
        if self._rate_index[1]:
            raise AttributeError(
                "OptaxOptimizer: the learning rate follows a schedule of optax's. Give inject_hyperparams a number to set it."
            )
        rate.assign(learning_rate)

    def _injected_rate(self) -> Variable:
        if not self.built:
            raise AttributeError(
                "OptaxOptimizer: the learning rate lies in the state, which is not there before `build`."
            )
        if self._rate_index is None:
            raise AttributeError(
                "OptaxOptimizer: the learning rate is inside the optax transformation, out of reach. Make it with "
                "optax.inject_hyperparams(optax.adam)(learning_rate=1e-3) to read or set it while training."
            )
        return self._leaves[self._rate_index[0]]

    # --- saving ------------------------------------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """The arguments but the transformation, which is code and not in any file."""
        return {k: v for k, v in super().get_config().items() if k not in ("learning_rate", "weight_decay")}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> OptaxOptimizer:
        """The optimiser of a config to which the caller added the `transformation`.

        Raises:
            ValueError: if it is missing.
        """
        if "transformation" not in config:
            raise ValueError(
                "OptaxOptimizer: an optax transformation is code, which files don't hold. Load the model with "
                "compile=False and compile it with the transformation again."
            )
        return cls(**config)


def is_transformation(x: Any) -> bool:
    """Whether this has optax's form: two functions, `init` and `update`."""
    return callable(getattr(x, "init", None)) and callable(getattr(x, "update", None))


def _unknown_rate() -> None:
    """Stands for a learning rate that the optimiser has no Variable for."""


def _unique(names: list[str]) -> list[str]:
    seen: Counter[str] = Counter()
    result = []
    for name in names:
        result.append(f"{name}_{seen[name]}" if seen[name] else name)
        seen[name] += 1
    return result


def _key_type(leaf: Any) -> Any:
    """The kind of a typed random key, which a Variable holds as bare numbers; None for any other array."""
    return jax.random.key_impl(leaf) if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key) else None


def _rate_index(paths: list[tuple]) -> tuple[int, bool] | None:
    """Which leaf is the one injected learning rate, and whether a schedule sets it; None if there is none or several."""

    def ends(path: tuple, field: str) -> bool:
        return any(
            getattr(a, "name", None) == field and getattr(b, "key", None) == "learning_rate" for a, b in pairwise(path)
        )

    found = [i for i, path in enumerate(paths) if ends(path, "hyperparams")]
    return (found[0], any(ends(path, "hyperparams_states") for path in paths)) if len(found) == 1 else None


def _by_variables(paths: list[tuple], names: list[str]) -> list[int]:
    """The leaves in an order that files can rely on.

    JAX sorts dictionaries by key, and so by automatic names (`dense_10` before `dense_9`), which differ from one session
    to the next. Here entries that are named after variables stand in the variables' order.
    """
    rank = {name: i for i, name in enumerate(names)}
    seen: dict[tuple, int] = {}

    def place(path: tuple, depth: int) -> int:
        key = getattr(path[depth], "key", None)
        return rank[key] if key in rank else seen.setdefault(path[: depth + 1], len(seen))

    places = [[place(path, depth) for depth in range(len(path))] for path in paths]
    return sorted(range(len(paths)), key=places.__getitem__)
