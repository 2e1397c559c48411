"""Optimizer: what all optimisers share. They own Variables; `stateless_apply` makes one step a pure function.

`apply` reads and assigns Variables. Inside a scope that touches no Variable, and so

    trainable_variables, optimizer_variables = optimizer.stateless_apply(optimizer_variables, grads, trainable_variables)

runs under jit, scan and vmap. One step, in Keras's order: unscale, accumulate, clip, decay the weights, `update_step` for
each variable, average, constrain.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import jax
import jax.numpy as jnp

from jaxnn.core import config, registry
from jaxnn.core.naming import auto_name
from jaxnn.core.scope import StatelessScope
from jaxnn.core.types import Array
from jaxnn.core.variable import Variable
from jaxnn.optimizers.clipping import clip_by_global_norm, clip_by_norm, clip_by_value
from jaxnn.optimizers.in_place import after_backward
from jaxnn.optimizers.rate import LearningRateOwner, number
from jaxnn.optimizers.variables import VariableOwner


@registry.export("optimizers", also=("keras.Optimizer",))
class Optimizer(LearningRateOwner, VariableOwner):
    """The base of optimisers. A new one overrides `build`, `update_step` and `get_config`.

    Args:
        learning_rate: a number; a `LearningRateSchedule`; or a function, of the count of steps or of nothing.
        weight_decay: each step first takes `learning_rate * weight_decay * w` off every variable w.
        clipnorm: the largest norm of each variable's gradient.
        clipvalue: the largest size of each entry of a gradient.
        global_clipnorm: the largest norm of all gradients taken together. At most one of the three.
        use_ema: whether to keep a moving average of the variables, which `fit` puts in their place at its end.
        ema_momentum: the average's share of itself, in [0, 1].
        ema_overwrite_frequency: every so many steps the variables are set to their average; None: at the end only.
        loss_scale_factor: the loss is multiplied by it, and the gradients divided, so that float16 does not underflow.
        gradient_accumulation_steps: the variables move every so many steps, by the mean of the gradients since.
        name: None takes the class's name.
        **kwargs: `lr` and `decay`, which Keras 2 had. `lr` is `learning_rate`; with `decay` the rate is
            `learning_rate / (1 + decay * iterations)`.

    Raises:
        ValueError: for an argument that is unknown or out of range, or two ways of clipping at once.

    Example:
        >>> class SignDescent(Optimizer):
        ...     def update_step(self, gradient, variable, learning_rate):
        ...         self.assign_sub(variable, learning_rate * jnp.sign(gradient))
        >>> w = Variable([1.0, 2.0])
        >>> _ = SignDescent(0.5).apply_gradients([(jnp.array([3.0, -4.0]), w)])
        >>> w.numpy()
        array([0.5, 2.5], dtype=float32)

    Source: https://keras.io/api/optimizers/. `lr` and `decay` follow Keras 2; Keras 3 refuses the one and ignores the other.
    """

    def __init__(
        self,
        learning_rate: Any,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None,
        name: str | None = None,
        **kwargs: Any,
    ):
        vars(self).update(_variables=[], _trainable_variables=[], _trainable_variables_indices={})
        learning_rate, self.decay = self._keras_2_arguments(learning_rate, kwargs)
        self.name = auto_name(type(self).__name__) if name is None else name
        self.weight_decay = weight_decay
        self.clipnorm = clipnorm
        self.global_clipnorm = global_clipnorm
        self.clipvalue = clipvalue
        self.use_ema = use_ema
        self.ema_momentum = ema_momentum
        self.ema_overwrite_frequency = ema_overwrite_frequency
        self.loss_scale_factor = loss_scale_factor
        self.gradient_accumulation_steps = gradient_accumulation_steps
        self._check_arguments()
        self._exclude_from_weight_decay_pattern: re.Pattern | None = None
        vars(self)["_exclude_from_weight_decay"] = []
        self.built = False
        self._iterations = self._scalar(0, "iteration", "int32")
        self._learning_rate = learning_rate
        if not callable(learning_rate):
            self._learning_rate = self._scalar(number(learning_rate), "learning_rate", config.floatx())

    def _check_arguments(self) -> None:
        steps = self.gradient_accumulation_steps
        if steps and not steps >= 2:
            raise ValueError(
                f"`gradient_accumulation_steps` must be an integer >= 2. Received: gradient_accumulation_steps={steps}"
            )
        if self.use_ema and not 0 <= self.ema_momentum <= 1:
            raise ValueError(f"`ema_momentum` must be in the range [0, 1]. Received: ema_momentum={self.ema_momentum}")
        every = self.ema_overwrite_frequency
        if self.use_ema and every and (not isinstance(every, int) or every < 1):
            raise ValueError(
                f"`ema_overwrite_frequency` must be an integer >= 1 or None. Received: ema_overwrite_frequency={every}"
            )
        if sum(x is not None for x in (self.clipnorm, self.clipvalue, self.global_clipnorm)) > 1:
            raise ValueError(
                "Only one of `clipnorm`, `clipvalue` and `global_clipnorm` can be set. Received: "
                f"clipnorm={self.clipnorm}, clipvalue={self.clipvalue}, global_clipnorm={self.global_clipnorm}"
            )

    # --- what it is built for ----------------------------------------------------------------------------------------

    def build(self, variables: Sequence[Variable]) -> None:
        """Makes the slots for these variables. A subclass calls this first and then adds its own."""
        variables = list(variables)
        if self.use_ema:
            self._model_variables_moving_average = self.add_optimizer_variables(variables, "average")
        if self.gradient_accumulation_steps:
            self._accumulated_gradients = [
                self.add_variable_from_reference(v, "gradient_accumulator") for v in variables
            ]
        vars(self)["_trainable_variables"] = variables
        self._index_variables()
        self.built = True

    @property
    def iterations(self) -> Any:
        """How many updates were made: the steps, divided by `gradient_accumulation_steps`."""
        steps = self.gradient_accumulation_steps
        return self._iterations // steps if steps else self._iterations

    def _scalar(self, value: Any, name: str, dtype: str) -> Variable:
        with self._scope():
            return Variable(value, dtype=dtype, trainable=False, aggregation="only_first_replica", name=name)

    def _index_variables(self) -> None:
        vars(self)["_trainable_variables_indices"] = {
            self._var_key(v): i for i, v in enumerate(self._trainable_variables)
        }

    def _var_key(self, variable: Any) -> int:
        return id(variable)

    def _get_variable_index(self, variable: Any) -> int:
        """Where a variable stands among those that the optimiser was built for, and so its slots in their lists."""
        return self._trainable_variables_indices[self._var_key(variable)]

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._index_variables()  # by identity, which a pickle does not keep

    # --- one step ----------------------------------------------------------------------------------------------------

    def apply_gradients(self, grads_and_vars: Iterable[tuple[Any, Variable]]) -> Variable:
        """Moves variables by their gradients. Returns the count of steps.

        Args:
            grads_and_vars: pairs (gradient, variable).

        Raises:
            ValueError: see `apply`.
        """
        pairs = list(grads_and_vars)
        self.apply([g for g, _ in pairs], [v for _, v in pairs])
        return self._iterations

    def apply(self, grads: Sequence[Any], trainable_variables: Sequence[Variable] | None = None) -> None:
        """Moves the variables by their gradients.

        Args:
            grads: one for each variable, arrays or sparse; None leaves its variable where it is, with a warning.
            trainable_variables: the variables; the first call builds the optimiser for them. None: those it was
                built for.

        Raises:
            ValueError: if it was not built and gets no variables, if the numbers differ, for a variable that it was
                not built for, or if every gradient is None.
        """
        grads = list(grads)
        if not grads:
            return
        variables = self._variables_for(grads, trainable_variables)
        with self._scope():
            grads, variables = self._filter_empty_gradients(grads, variables)
            grads, variables = self._overwrite_variables_directly_with_gradients(grads, variables)
            if grads:
                if self.loss_scale_factor is not None:
                    grads = [g / self.loss_scale_factor for g in grads]
                if self.gradient_accumulation_steps:
                    self._accumulate_and_step(grads, variables)
                else:
                    self._step(grads, variables)
                if self.use_ema:
                    self._average()
                for variable in variables:
                    if variable.constraint is not None:
                        variable.assign(variable.constraint(variable.value))
        self._iterations.assign_add(1)

    def stateless_apply(
        self, optimizer_variables: Sequence[Any], grads: Sequence[Any], trainable_variables: Sequence[Any]
    ) -> tuple[list[Array], list[Array]]:
        """`apply` as a pure function of arrays. Under `jax.vmap` each member may have a learning rate of its own.

        Args:
            optimizer_variables: values of `variables`, in their order.
            grads: one for each trainable variable.
            trainable_variables: values of the variables that the optimiser was built for.

        Returns:
            The new `(trainable_variables, optimizer_variables)`.

        Raises:
            ValueError: if it was not built, or the numbers differ.
        """
        self._check_super_called()
        who, trainables, own = type(self).__name__, self._trainable_variables, self.variables
        if not self.built:
            raise ValueError(
                f"To call `stateless_apply`, {who} must be built (i.e. its variables must have been created). You can "
                "build it via `optimizer.build(trainable_variables)`."
            )
        if len(optimizer_variables) != len(own):
            raise ValueError(
                f"Argument `optimizer_variables` must be a list of tensors corresponding 1:1 to {who}().variables. "
                f"Received list with length {len(optimizer_variables)}, but expected {len(own)} variables."
            )
        if len(trainable_variables) != len(trainables):
            raise ValueError(
                "Argument `trainable_variables` must be a list of tensors corresponding 1:1 to the variables that the "
                f"optimizer was built with. Received {len(trainable_variables)}, but expected {len(trainables)}."
            )
        values = [*zip(trainables, trainable_variables, strict=True), *zip(own, optimizer_variables, strict=True)]
        with StatelessScope(values) as scope:
            self.apply(grads)
        return [scope.get_current_value(v) for v in trainables], [scope.get_current_value(v) for v in own]

    def knowing(self, loss: Any, loss_at: Callable[[Sequence[Array]], Array]) -> AbstractContextManager:
        """A block whose steps may ask for the loss: `train_step` opens it for optax transformations that do.

        Args:
            loss: of this step's batch, unscaled.
            loss_at: the loss of this batch at other values of the variables that the optimiser was built for.
        """
        return nullcontext()

    def update_step(self, gradient: Array, variable: Variable, learning_rate: Array) -> None:
        """Moves one variable and its slots: what a new optimiser writes.

        Args:
            gradient: of the variable, clipped and unscaled.
            variable: to be moved by `self.assign_sub` or the like.
            learning_rate: the current rate, a scalar.

        Raises:
            NotImplementedError: in a subclass that has none of its own.
        """
        raise NotImplementedError(f"Optimizer '{type(self).__name__}' must override `update_step`.")

    def assign(self, variable: Variable, value: Any) -> None:
        """Sets a variable."""
        variable.assign(value)

    def assign_add(self, variable: Variable, value: Any) -> None:
        """Adds to a variable."""
        variable.assign_add(value)

    def assign_sub(self, variable: Variable, value: Any) -> None:
        """Subtracts from a variable."""
        variable.assign_sub(value)

    def scale_loss(self, loss: Any) -> Any:
        """The loss times `loss_scale_factor`: what the gradients are to be taken of."""
        return loss if self.loss_scale_factor is None else loss * self.loss_scale_factor

    def _variables_for(self, grads: list, trainable_variables: Sequence[Variable] | None) -> list[Variable]:
        if trainable_variables is not None:
            variables = list(trainable_variables)
            if not self.built:
                with self._scope():
                    self.build(variables)
                self.built = True
            for v in variables:
                if self._var_key(v) not in self._trainable_variables_indices:
                    raise ValueError(
                        f"Unknown variable: '{getattr(v, 'path', v)}'. This optimizer can only be called for the variables it was originally "
                        "built with. When working with a new set of variables, you should recreate a new optimizer "
                        "instance."
                    )
        elif self.built:
            variables = self._trainable_variables
        else:
            raise ValueError(
                "When passing `grads` without `variables`, the optimizer must already be built on a list of variables. "
                "Call `optimizer.build(trainable_variables)` first."
            )
        if len(grads) != len(variables):
            raise ValueError(
                "When passing `grads` as a list of gradient tensors, the gradients must match `optimizer.variables` "
                f"one-to-one. Received a list of {len(grads)} gradients, but the optimizer is tracking "
                f"{len(variables)} trainable variables."
            )
        return variables

    def _filter_empty_gradients(self, grads: list, variables: list) -> tuple[list, list]:
        missing = [v.path for g, v in zip(grads, variables, strict=True) if g is None]
        pairs = [(dense(g), v) for g, v in zip(grads, variables, strict=True) if g is not None]
        if not pairs:
            raise ValueError("No gradients provided for any variable.")
        if missing:
            warnings.warn(
                f"Gradients do not exist for variables {missing} when minimizing the loss. If using "
                "`model.compile()`, did you forget to provide a `loss` argument?",
                stacklevel=4,
            )
        return [g for g, _ in pairs], [v for _, v in pairs]

    def _overwrite_variables_directly_with_gradients(self, grads: list, variables: list) -> tuple[list, list]:
        """Float8 scales: their 'gradient' is their next value, and of accumulated ones the largest counts."""
        kept = []
        for g, v in zip(grads, variables, strict=True):
            if not self._overwrite_variable_with_gradient(v):
                kept.append((g, v))
            elif self.gradient_accumulation_steps:
                largest = self._accumulated_gradients[self._get_variable_index(v)]
                new = jnp.maximum(g, largest.value)
                v.assign(jnp.where(self._is_due(), new, v.value))
                largest.assign(jnp.where(self._is_due(), 0, new))
            else:
                v.assign(g)
        return [g for g, _ in kept], [v for _, v in kept]

    def _step(self, grads: list[Array], variables: list[Variable]) -> None:
        grads = self._clip_gradients(grads)
        self._apply_weight_decay(variables)
        self._backend_update_step(grads, variables, after_backward(self._rate(), grads, variables))

    def _backend_update_step(self, grads: list[Array], variables: list[Variable], learning_rate: Array) -> None:
        for gradient, variable in zip(grads, variables, strict=True):
            self.update_step(gradient, variable, learning_rate)

    def _clip_gradients(self, grads: Sequence[Any]) -> list[Array]:
        if self.clipnorm and self.clipnorm > 0:
            return [clip_by_norm(g, self.clipnorm) for g in grads]
        if self.global_clipnorm and self.global_clipnorm > 0:
            return clip_by_global_norm(grads, self.global_clipnorm)
        if self.clipvalue and self.clipvalue > 0:
            return [clip_by_value(g, self.clipvalue) for g in grads]
        return list(grads)

    # --- weight decay ------------------------------------------------------------------------------------------------

    def exclude_from_weight_decay(
        self, var_list: Iterable[Variable] | None = None, var_names: Iterable[str] | None = None
    ) -> None:
        """Spares variables the weight decay. Call it before training.

        Args:
            var_list: these variables.
            var_names: and those whose name contains one of these strings, such as 'bias'.
        """
        vars(self)["_exclude_from_weight_decay"] = list(var_list or ())
        names = sorted(set(var_names or ()))
        self._exclude_from_weight_decay_pattern = re.compile("|".join(names)) if names else None

    def _use_weight_decay(self, variable: Variable) -> bool:
        pattern = self._exclude_from_weight_decay_pattern
        by_name = pattern is not None and pattern.search(variable.name) is not None
        return not by_name and not any(variable is v for v in self._exclude_from_weight_decay)

    def _weight_decay_of(self, variable: Variable) -> float | None:
        return self.weight_decay

    def _apply_weight_decay(self, variables: list[Variable]) -> None:
        if all(self._weight_decay_of(v) is None for v in variables):
            return
        rate = self._rate()
        for variable in variables:
            decay = self._weight_decay_of(variable)
            if decay is not None and self._use_weight_decay(variable):
                decay, lr = jnp.asarray(decay, variable.dtype), jnp.asarray(rate, variable.dtype)
                variable.assign(variable.value - variable.value * decay * lr)

    # --- accumulated gradients and averaged variables ----------------------------------------------------------------

    def _is_due(self) -> Array:
        """Whether the step at hand is the last of its group."""
        return (self._iterations.value + 1) % self.gradient_accumulation_steps == 0

    def _accumulate_and_step(self, grads: list[Array], variables: list[Variable]) -> None:
        """Every step is computed, and taken back unless it is due: `update_step` need not know."""
        due = self._is_due()
        sums = [self._accumulated_gradients[self._get_variable_index(v)] for v in variables]
        grads = [g.astype(total.dtype) for g, total in zip(grads, sums, strict=True)]
        totals = [g + total.value for g, total in zip(grads, sums, strict=True)]
        means = [total / self.gradient_accumulation_steps for total in totals]
        moved = [*variables, *self.variables]
        before = [v.value for v in moved]
        self._step(_either(due, means, grads), variables)
        for variable, value in zip(moved, _either(due, [v.value for v in moved], before), strict=True):
            variable.assign(value)
        for variable, value in zip(sums, _either(due, [jnp.zeros_like(x) for x in totals], totals), strict=True):
            variable.assign(value)

    def _average(self) -> None:
        """Moves the averages; at the first step they are the variables. Every so often the variables become them."""
        every = self.ema_overwrite_frequency
        for variable, average in zip(self._trainable_variables, self._model_variables_moving_average, strict=True):
            if average is None:
                continue
            momentum = (jnp.asarray(self.iterations) != 0).astype(variable.dtype) * self.ema_momentum
            average.assign(momentum * average.value + (1 - momentum) * variable.value)
            if every:
                due = (self.iterations + 1) % every == 0
                variable.assign(jnp.where(due, average.value, variable.value))

    def finalize_variable_values(self, var_list: Sequence[Variable]) -> None:
        """What is left to do after the last step: with `use_ema`, the variables are set to their averages.

        Args:
            var_list: the variables that the optimiser was built for.

        Raises:
            ValueError: for another number of variables.
        """
        if not self.use_ema:
            return
        averages = self._model_variables_moving_average
        if len(var_list) != len(averages):
            raise ValueError(
                f"The length of model variables ({len(var_list)}) to override does not match the length of model "
                f"variables stored in the optimizer ({len(averages)}). Please check if the optimizer was called on "
                "your model."
            )
        for variable, average in zip(var_list, averages, strict=True):
            if average is not None:
                variable.assign(average)

    # --- saving ------------------------------------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal optimiser, without its state."""
        rate = self._learning_rate
        result = {
            "name": self.name,
            "learning_rate": registry.serialize_keras_object(rate) if callable(rate) else float(rate.numpy()),
            "weight_decay": self.weight_decay,
            "clipnorm": self.clipnorm,
            "global_clipnorm": self.global_clipnorm,
            "clipvalue": self.clipvalue,
            "use_ema": self.use_ema,
            "ema_momentum": self.ema_momentum,
            "ema_overwrite_frequency": self.ema_overwrite_frequency,
            "loss_scale_factor": self.loss_scale_factor,
            "gradient_accumulation_steps": self.gradient_accumulation_steps,
        }
        return {**result, "decay": self.decay} if self.decay else result

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Optimizer:
        """The optimiser of a config; settings of Keras 2 that have no meaning now are dropped."""
        config = {k: v for k, v in config.items() if k not in ("jit_compile", "is_legacy_optimizer")}
        if isinstance(config.get("learning_rate"), dict):
            config["learning_rate"] = registry.deserialize_keras_object(config["learning_rate"], custom_objects)
        return cls(**config)


def dense(gradient: Any) -> Array:
    """A gradient as an array; sparse ones of `jax.experimental.sparse` are filled up with zeros."""
    return gradient.todense() if hasattr(gradient, "todense") else jnp.asarray(gradient)


def _either(condition: Array, first: list[Array], second: list[Array]) -> list[Array]:
    # a branch where `where` would do: XLA fuses through `where`, and rounds otherwise than in Keras
    return jax.lax.cond(condition, _first_of, _second_of, first, second)


def _first_of(first: list[Array], second: list[Array]) -> list[Array]:
    return first


def _second_of(first: list[Array], second: list[Array]) -> list[Array]:
    return second
