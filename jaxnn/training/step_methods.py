"""What a step computes: pure functions of state and data, in Keras's form on JAX, which users override.

`compute_loss` and `compute_metrics` are what most need; `train_step`, `test_step` and `predict_step` are the steps
whole; `make_train_function` and its like are how Keras compiles them, for whoever wants to do that differently.

Source: https://keras.io/guides/custom_train_step_in_jax/
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any

import jax
import jax.numpy as jnp

from jaxnn.core import dtypes, pure, tree
from jaxnn.core.layer import default, is_default
from jaxnn.core.scope import StatelessScope
from jaxnn.core.types import Array, Logs
from jaxnn.core.variable import Variable
from jaxnn.training.compiling import Compiling
from jaxnn.utils import unpack_x_y_sample_weight


class StepMethods(Compiling):
    """The steps of a model, as methods to override."""

    @default
    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Array:
        """The scalar to minimise: the compiled losses, the weights' penalties and what layers added."""
        terms = []
        if self._compile_loss is not None:
            value = self._compile_loss(y, y_pred, sample_weight)
            if value is not None:
                terms.append(value)
        for extra in self.losses:
            extra = jnp.asarray(extra)
            terms.append(
                jnp.sum(extra if dtypes.is_float_dtype(extra.dtype) else extra.astype(dtypes.standardize_dtype(None)))
            )
        if not terms:
            return jnp.zeros(())
        return terms[0] if len(terms) == 1 else jnp.sum(jnp.stack([jnp.asarray(t) for t in terms]))

    def _compute_loss(self, x: Any, y: Any, y_pred: Any, sample_weight: Any, training: bool) -> Array:
        if is_default(self.compute_loss) or "training" in parameters_of(self.compute_loss):
            return self.compute_loss(x, y, y_pred, sample_weight, training=training)
        return self.compute_loss(x, y, y_pred, sample_weight)

    @default
    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> Logs:
        """Updates the metrics by a batch and gives their results."""
        if self._compile_metrics is not None:
            self._compile_metrics.update_state(y, y_pred, sample_weight)
        return self.get_metrics_result()

    @default
    def get_metrics_result(self) -> Logs:
        """What the metrics stand at, by name."""
        results: Logs = {}
        for m in self.metrics:
            value = m.result()
            results.update(value if isinstance(value, dict) else {m.name: value})
        return results

    def stateless_compute_loss(
        self,
        trainable_variables: Any,
        non_trainable_variables: Any,
        metrics_variables: Any,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> tuple[Array, tuple]:
        """`compute_loss` as a pure function, with Keras's signature: `loss, (tv, ntv, mv) = ...`."""
        mapping = self._mapping(trainable_variables, non_trainable_variables, metrics_variables)
        with StatelessScope(mapping) as scope:
            loss = self._compute_loss(x, y, y_pred, sample_weight, training)
        return loss, (trainable_variables, *self._values_in(scope))

    def _mapping(self, trainable: Any, rest: Any, tracked: Any) -> list[tuple[Variable, Any]]:
        """Pairs of a Variable and the value that it has in a step."""
        return [
            *zip(self.trainable_variables, trainable, strict=True),
            *zip(self.non_trainable_variables, rest, strict=True),
            *zip(self.metrics_variables, tracked, strict=True),
        ]

    def _values_in(self, scope: StatelessScope) -> tuple[list, list]:
        """What a scope's end leaves in the non-trainable Variables and in those of the metrics."""
        rest = [scope.get_current_value(v) for v in self.non_trainable_variables]
        return rest, [scope.get_current_value(v) for v in self.metrics_variables]

    def compute_loss_and_updates(
        self,
        trainable_variables: Any,
        non_trainable_variables: Any,
        metrics_variables: Any,
        x: Any,
        y: Any,
        sample_weight: Any,
        training: bool = False,
        optimizer_variables: Any = None,
    ) -> tuple[Array, tuple]:
        """Forward pass and loss, pure, for `jax.value_and_grad(..., has_aux=True)`."""
        kwargs = {"training": training} if self._call_has_training_arg else {}
        given = (trainable_variables, non_trainable_variables, metrics_variables)
        y_pred, scope, extra = pure.forward(self, self._mapping(*given), (x,), kwargs, collect_losses=True)
        rest, tracked = self._values_in(scope)  # a layer may update a metric in its `call`
        self._losses_override = extra or []
        try:
            loss, (_, rest, tracked) = self.stateless_compute_loss(
                trainable_variables, rest, tracked, x, y, y_pred, sample_weight, training
            )
        finally:
            self._losses_override = []
        unscaled = loss
        if training and self.optimizer is not None:
            with StatelessScope(zip(self.optimizer.variables, optimizer_variables, strict=True)):
                loss = self.optimizer.scale_loss(loss)
        return loss, (unscaled, y_pred, rest, tracked)

    def _update_metrics(self, values: list, loss: Any, x: Any, y: Any, y_pred: Any, weight: Any) -> tuple[Logs, list]:
        variables = self.metrics_variables
        with StatelessScope(zip(variables, values, strict=True)) as scope:
            samples = next(leaf for leaf in tree.flatten(x) if leaf is not None).shape[0]
            self._loss_tracker.update_state(loss, sample_weight=samples)
            logs = self.compute_metrics(x, y, y_pred, weight)
        return logs, [scope.get_current_value(v) for v in variables]

    @default
    def train_step(self, state: tuple, data: tuple) -> tuple[Logs, tuple]:
        """One step of training, pure: `(state, batch) -> (logs, state)`.

        Args:
            state: `(trainable_variables, non_trainable_variables, optimizer_variables, metrics_variables)`, as lists
                of arrays.
            data: `(x, y, sample_weight)`.

        Override it for a step of your own; it is traced into the compiled epoch, so it must be pure: values in,
        values out, with `stateless_call`, `stateless_compute_loss` and `optimizer.stateless_apply`.
        """
        trainable, rest, slots, tracked = state
        x, y, weight = unpack_x_y_sample_weight(data)
        compute = functools.partial(self.compute_loss_and_updates, training=True, optimizer_variables=slots)
        fixed = (rest, tracked, x, y, weight)
        (_, (loss, y_pred, rest, tracked)), grads = jax.value_and_grad(compute, has_aux=True)(trainable, *fixed)
        with self.optimizer.knowing(loss, lambda values: compute(values, *fixed)[1][0]):
            trainable, slots = self.optimizer.stateless_apply(slots, grads, trainable)
        logs, tracked = self._update_metrics(tracked, loss, x, y, y_pred, weight)
        return logs, (trainable, rest, slots, tracked)

    @default
    def test_step(self, state: tuple, data: tuple) -> tuple[Logs, tuple]:
        """One step of evaluation, pure; the state has no optimiser's variables."""
        trainable, rest, tracked = state
        x, y, weight = unpack_x_y_sample_weight(data)
        _, (loss, y_pred, rest, tracked) = self.compute_loss_and_updates(
            trainable, rest, tracked, x, y, weight, training=False
        )
        logs, tracked = self._update_metrics(tracked, loss, x, y, y_pred, weight)
        return logs, (trainable, rest, tracked)

    @default
    def predict_step(self, state: tuple, data: Any) -> tuple[Any, Any]:
        """One step of prediction, pure: `((trainable, non_trainable), data) -> (outputs, non_trainable)`."""
        x, _, _ = unpack_x_y_sample_weight(data)
        kwargs = {"training": False} if self._call_has_training_arg else {}
        return self.stateless_call(*state, x, **kwargs)

    def _check_step(self, name: str) -> None:
        """A step written for TensorFlow takes the data alone; on JAX it is a pure function of the state too."""
        step = getattr(self, name)
        required = [
            p for p in parameters_of(step).values() if p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD
        ]
        if not is_default(step) and len(required) == 1:
            raise TypeError(
                f"{type(self).__name__}.{name}(self, {required[0].name}) is written for TensorFlow. On JAX a step is a "
                f"pure function: `def {name}(self, state, data): ...; return logs, state`, with values in `state` in "
                "place of variables. https://keras.io/guides/custom_train_step_in_jax/ shows it whole."
            )

    # --- compiled, as Keras does it ------------------------------------------------------------------------------------

    @default
    def make_train_function(self, force: bool = False) -> None:
        """Sets `train_function`: `(state, iterator) -> (logs, state)`, `steps_per_execution` compiled steps.

        `fit` has a faster way to the same numbers. It calls this method, and what it sets, only where it is overridden.

        Args:
            force: whether to make it anew if there is one.
        """
        if force or self.train_function is None:
            self.train_function = self._function_of(self.train_step)

    @default
    def make_test_function(self, force: bool = False) -> None:
        """Sets `test_function` likewise, for `evaluate`."""
        if force or self.test_function is None:
            self.test_function = self._function_of(self.test_step)

    @default
    def make_predict_function(self, force: bool = False) -> Callable:
        """Sets `predict_function` likewise, for `predict`; its outputs are joined, and the state is whole."""
        if force or self.predict_function is None:

            def step(state: tuple, data: Any) -> tuple[Any, tuple]:
                outputs, rest = self.predict_step(state, data)
                return outputs, (state[0], rest)

            self.predict_function = self._function_of(step, joined=True)
        return self.predict_function

    def _function_of(self, step: Callable, joined: bool = False) -> Callable:
        """Steps on the next batches of an iterator, `steps_per_execution` of them if there are so many."""
        if not self.run_eagerly and self.jit_compile:
            step = jax.jit(step, donate_argnums=0)

        def function(state: tuple, iterator: Any) -> tuple[Any, tuple]:
            outputs, state = step(state, next(iterator))
            parts = [outputs]
            for data in islice(iterator, self.steps_per_execution - 1):
                outputs, state = step(state, data)
                parts.append(outputs)
            if joined and len(parts) > 1:
                outputs = jax.tree.map(lambda *x: jnp.concatenate(x), *parts)
            return outputs, state

        return function

    def jax_state_sync(self) -> None:
        """Writes what a running `fit` has computed so far into the model's variables.

        Nothing is needed for it: a Variable that is read while `fit` runs gives its current value. The method is for
        callbacks that were written for Keras on JAX.
        """


def parameters_of(method: Callable) -> Mapping[str, inspect.Parameter]:
    """The parameters of a method, without `self`."""
    return inspect.signature(method).parameters
