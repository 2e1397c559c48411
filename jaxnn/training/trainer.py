"""compile, fit, evaluate, predict: the order of events, readable in one screen each.

`Trainer` is a mixin and no Layer. What a step computes is in `train_step`, `test_step` and `predict_step`, pure functions
in Keras's form on JAX, which users override; how steps become compiled epochs is in `steps.py` and `loop.py`.

Source: https://keras.io/api/models/model_training_apis/
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxnn import callbacks as callbacks_module
from jaxnn import doctor, metrics, optimizers
from jaxnn.core import check, dtypes, registry, tree
from jaxnn.core.graph import KerasTensor, compute_output_spec
from jaxnn.core.layer import Layer, default, is_default
from jaxnn.core.scope import StatelessScope
from jaxnn.core.types import Array, Logs
from jaxnn.core.variable import Variable
from jaxnn.training import data, loop, steps
from jaxnn.training.compiled import CompileLoss, CompileMetrics
from jaxnn.training.events import EpochEvents
from jaxnn.training.model_programs import ModelPrograms
from jaxnn.training.prediction import QuickPredictions, predict_arrays, write_back
from jaxnn.training.profile import Clock, Profile
from jaxnn.training.single_batches import QuickSteps, run_step
from jaxnn.training.state import Session
from jaxnn.utils import unpack_x_y_sample_weight

QUIET = {
    "stop_training", "stop_evaluating", "stop_predicting", "history", "optimizer", "compiled", "loss", "loss_weights",
    "train_function", "test_function", "predict_function", "steps_per_execution", "jit_compile", "run_eagerly",
    "_run_eagerly", "_jit_compile", "_compile_loss", "_compile_metrics", "_loss_tracker", "_compile_arguments",
    "_model_programs", "_quick_predictions", "_quick_steps", "_session", "_initial_epoch", "_paces", "_call_cache",
}  # fmt: skip

if TYPE_CHECKING:
    _Host = Layer  # a mixin: whoever takes it is a Layer
else:
    _Host = object


class Trainer(_Host):
    """What a model gets from `compile`: training, evaluation and prediction."""

    _quiet = Layer._quiet | QUIET
    _loss_tracker: Any = None
    _compile_loss: CompileLoss | None = None
    _compile_metrics: CompileMetrics | None = None
    _compile_arguments: dict[str, Any] | None = None
    _session: Session | None = None
    _model_programs: ModelPrograms | None = None
    _quick_predictions: QuickPredictions | None = None
    _quick_steps: QuickSteps | None = None
    _initial_epoch: int | None = None
    compiled = False
    optimizer: Any = None
    history: Any = None
    loss: Any = None
    stop_training = False
    stop_evaluating = False
    stop_predicting = False
    steps_per_execution = 1
    run_eagerly = False
    jit_compile = True
    train_function = test_function = predict_function = None

    def _track_attribute(self, name: str, value: Any) -> Any:
        return value if name in QUIET else super()._track_attribute(name, value)

    # --- compile -----------------------------------------------------------------------------------------------------

    @default
    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        loss_weights: Any = None,
        metrics: Any = None,
        weighted_metrics: Any = None,
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        jit_compile: bool | str = "auto",
        auto_scale_loss: bool = True,
    ) -> None:
        """Says what training minimises, by which steps, and what it reports.

        Args:
            optimizer: a name, an Optimizer, or any `optax.GradientTransformation`.
            loss: a name, function or Loss; a list or dict of them for several outputs.
            loss_weights: a number for each loss.
            metrics: a list; "accuracy" fits itself to the outputs. For several outputs a list or dict of lists.
            weighted_metrics: the same, but they count sample weights.
            run_eagerly: run steps as plain Python, for debugging.
            steps_per_execution: steps between two calls of batch callbacks.
            jit_compile: accepted as in Keras; False is `run_eagerly`'s speed without its prints, so it is ignored.
            auto_scale_loss: scale the loss under "mixed_float16".

        Raises:
            ValueError: for unknown names; the message has the nearest known one.

        Example:
            >>> model.compile(loss="binary_crossentropy", optimizer=SGD(), metrics=["accuracy"])
        """
        optimizer = optimizers.get(optimizer)
        mixed = self.dtype_policy.name == "mixed_float16"
        if auto_scale_loss and mixed and optimizer and not isinstance(optimizer, optimizers.LossScaleOptimizer):
            optimizer = optimizers.LossScaleOptimizer(optimizer, name="loss_scale_optimizer")
        doctor.check_names(loss, metrics, weighted_metrics)
        names = getattr(self, "output_names", None)
        self.optimizer, self.loss = optimizer, loss
        self._compile_loss = None if loss is None else CompileLoss(loss, loss_weights, names)
        given = metrics is not None or weighted_metrics is not None
        self._compile_metrics = CompileMetrics(metrics, weighted_metrics, names) if given else None
        self._loss_tracker = _mean("loss")
        if jit_compile is True and run_eagerly:
            warnings.warn(
                "If `run_eagerly` is True, then `jit_compile` cannot also be True. Disabling `jit_compile`.",
                stacklevel=2,
            )
        self.run_eagerly, self.jit_compile = bool(run_eagerly), not run_eagerly and jit_compile is not False
        self.steps_per_execution = check.positive_int("compile", "steps_per_execution", steps_per_execution)
        self.stop_training = False
        self.compiled = True
        self._model_programs = self._quick_steps = None
        self._paces: dict[Any, loop.Pace] = {}
        self._compile_arguments = {
            "optimizer": optimizer,
            "loss": loss,
            "loss_weights": loss_weights,
            "metrics": metrics,
            "weighted_metrics": weighted_metrics,
            "run_eagerly": run_eagerly,
            "steps_per_execution": steps_per_execution,
            "jit_compile": self.jit_compile,
        }

    def get_compile_config(self) -> dict[str, Any]:
        """What `compile` was given, as plain data."""
        return registry.serialize_keras_object(self._compile_arguments) if self._compile_arguments else {}

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Compiles as `get_compile_config` recorded."""
        if not is_default(self.compile):
            warnings.warn(
                "`compile()` was not called as part of model loading because the model's `compile()` method is custom. "
                "All subclassed Models that have `compile()` overridden should also override `get_compile_config()` "
                "and `compile_from_config(config)`. Alternatively, you can call `compile()` manually after loading.",
                stacklevel=2,
            )
            return
        self.compile(**registry.deserialize_keras_object(config))
        if self.optimizer is not None and self.built:
            self.optimizer.build(self.trainable_variables)

    @property
    def metrics(self) -> list:
        """The loss tracker, the compiled metrics, those set as attributes, and those of the layers inside."""
        found: list[Any] = []
        if self.compiled:
            found = [m for m in (self._loss_tracker, self._compile_metrics) if m is not None]
            found += self._compile_loss.metrics if self._compile_loss is not None else []
        found += self._metrics
        inner = [layer for layer in self._flatten_layers(include_self=False) if not isinstance(layer, Trainer)]
        found += [m for layer in inner for m in layer._metrics]
        return found

    @property
    def metrics_names(self) -> list[str]:
        """The names of `metrics`."""
        return [m.name for m in self.metrics]

    @property
    def metrics_variables(self) -> list[Variable]:
        """The Variables of the metrics."""
        return [v for m in self.metrics for v in m.variables]

    def reset_metrics(self) -> None:
        """Starts all metrics anew."""
        for m in self.metrics:
            m.reset_state()

    # --- what a step computes: pure functions that users override --------------------------------------------------------

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
        if is_default(self.compute_loss) or "training" in _parameters(self.compute_loss):
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
        mapping = [
            *zip(self.trainable_variables, trainable_variables, strict=True),
            *zip(self.non_trainable_variables, non_trainable_variables, strict=True),
            *zip(self.metrics_variables, metrics_variables, strict=True),
        ]
        with StatelessScope(mapping) as scope:
            loss = self._compute_loss(x, y, y_pred, sample_weight, training)
        rest = [scope.get_current_value(v) for v in self.non_trainable_variables]
        moved = [scope.get_current_value(v) for v in self.metrics_variables]
        return loss, (trainable_variables, rest, moved)

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
        y_pred, rest, extra = self.stateless_call(
            trainable_variables, non_trainable_variables, x, return_losses=True, **kwargs
        )
        self._losses_override = extra
        try:
            loss, (_, rest, metrics_variables) = self.stateless_compute_loss(
                trainable_variables, rest, metrics_variables, x, y, y_pred, sample_weight, training
            )
        finally:
            self._losses_override = []
        unscaled = loss
        if training and self.optimizer is not None:
            with StatelessScope(zip(self.optimizer.variables, optimizer_variables, strict=True)):
                loss = self.optimizer.scale_loss(loss)
        return loss, (unscaled, y_pred, rest, metrics_variables)

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

    # --- fit ---------------------------------------------------------------------------------------------------------

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: Any = "auto",
        callbacks: Any = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: Any = True,
        class_weight: dict | None = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: Any = 1,
        profile: str | None = None,
    ) -> Any:
        """Trains for a number of passes over the data.

        An epoch on arrays is one compiled program. Ctrl-C, or an exception in a callback, leaves the model as it was
        after the last finished chunk, with its history so far in `model.history`; `fit` may go on from there.

        Args:
            x, y: arrays (NumPy, JAX, lists, pandas), or structures of them for several inputs and outputs; or `x`
                alone, an iterable of batches.
            batch_size: samples a step; 32 unless given.
            epochs: the number of the last epoch.
            verbose: 0 silent, 1 a moving bar, 2 a line an epoch; "auto" is 1.
            callbacks: a list.
            validation_split: the share of the data, from its end, that is set aside for validation.
            validation_data: `(x, y)` or `(x, y, sample_weight)`.
            shuffle: True, False or "batch".
            class_weight: dict from class to weight.
            sample_weight: a weight a sample.
            initial_epoch: the epoch to start at.
            steps_per_epoch: batches an epoch, if not all.
            validation_steps, validation_batch_size: the same for validation.
            validation_freq: every so many epochs, or a list of epochs, to validate.
            profile: a folder for a trace of this run by `jax.profiler`; a sentence then says where the time went. Not
                in Keras.

        Returns:
            A History: `history.history["loss"]` has a value an epoch.

        Raises:
            ValueError: for what can't be trained on, before the first step.
        """
        self._require_compiled("fit")
        self._check_step("train_step")
        with Clock() if profile is None else Profile(profile) as clock:
            with clock.spent_on("data"):
                if validation_split and validation_data is None:
                    arrays = tuple(data.as_arrays(a) for a in (x, y, sample_weight))
                    (x, y, sample_weight), validation_data = data.split(arrays, validation_split)
                inspect = self._inspect("fit", y is not None)
                plan = data.plan(x, y, sample_weight, batch_size, steps_per_epoch, shuffle, class_weight, inspect)
                validation = None
                if validation_data is not None:
                    val_x, val_y, val_weight = unpack_x_y_sample_weight(validation_data)
                    size = validation_batch_size or batch_size
                    check_val = self._inspect("validation_data", True)
                    validation = data.plan(val_x, val_y, val_weight, size, validation_steps, inspect=check_val)
            with clock.spent_on("compile"):
                self._build_for(plan)
            self._programs.settle_rows("fit", plan)
            self._programs.settle_rows("evaluate", validation)
            callbacks = self._callback_list(callbacks, verbose, epochs, plan.steps_per_epoch, history=True)
            self._fit(plan, validation, clock.callbacks(callbacks), epochs, initial_epoch, validation_freq, clock)
        return self.history

    def _fit(
        self, plan: Any, validation: Any, callbacks: Any, epochs: int, start: int, validation_freq: Any, clock: Clock
    ) -> None:
        """The epochs, and what happens between them."""
        self.stop_training = False
        with Session(self) as session, loop.Interrupts() as interrupts:
            self._session = session
            try:
                callbacks.on_train_begin()
                trained = loop.Epochs(self, plan, session, callbacks, interrupts, clock)
                overlap = callbacks.only_records and not clock.runs
                with EpochEvents(callbacks) as events:
                    for epoch in range(self._initial_epoch or start, epochs):
                        validate = validation is not None and _due(epoch, validation_freq)
                        evaluate = functools.partial(self._evaluate, validation, session, callbacks, interrupts, clock)
                        if overlap and trained.is_one_chunk() and not (validate and self._is_long(validation)):
                            with interrupts.held():  # else an epoch could be computed and never told
                                logs = trained.start()
                                val_logs = evaluate(wait=False) if validate else None
                                with interrupts.waiting():
                                    events.computing(epoch, logs, val_logs)
                        else:
                            events.begin(epoch)
                            logs = trained.run()
                            events.end(epoch, logs, evaluate() if validate else None)
                        if self.stop_training:
                            break
            finally:
                self._session = None
                if epochs > 0 and hasattr(self.optimizer, "finalize_variable_values"):
                    self.optimizer.finalize_variable_values(self.trainable_weights)
            callbacks.on_train_end(events.logs)

    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: Any = "auto",
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: Any = None,
        return_dict: bool = False,
        **kwargs: Any,
    ) -> Any:
        """Loss and metrics on data, without training.

        Args:
            x, y, sample_weight, batch_size, verbose, callbacks: as in `fit`.
            steps: batches to look at, if not all.
            return_dict: whether to give a dict instead of a list in the order of `metrics_names`.

        Returns:
            The loss, or `[loss, metric, ...]`, or a dict.
        """
        self._require_compiled("evaluate")
        self._check_step("test_step")
        check.no_extra("evaluate", kwargs)
        inspect = self._inspect("evaluate", y is not None)
        plan = data.plan(x, y, sample_weight, batch_size, steps, inspect=inspect)
        self._build_for(plan)
        self._programs.settle_rows("evaluate", plan)
        callbacks = self._callback_list(callbacks, verbose, 1, plan.steps_per_epoch)
        with Session(self) as session, loop.Interrupts() as interrupts:
            logs = self._evaluate(plan, session, callbacks, interrupts, Clock())
        return logs if return_dict else self._in_order(logs)

    def _evaluate(
        self,
        plan: Any,
        session: Session,
        callbacks: Any,
        interrupts: loop.Interrupts,
        clock: Clock,
        wait: bool = True,
    ) -> Any:
        pace = self._pace(plan)
        if not wait:
            return loop.evaluate(self, plan, session, callbacks, interrupts, clock, pace, wait)
        self.stop_evaluating = False
        callbacks.on_test_begin()
        logs = loop.evaluate(self, plan, session, callbacks, interrupts, clock, pace)
        callbacks.on_test_end(logs)
        return logs

    def _pace(self, plan: Any) -> loop.Pace:
        """The pace of evaluation, which outlives a call: so does what it learned."""
        return self._paces.setdefault(getattr(plan, "batch_size", None), loop.Pace())

    def _is_long(self, plan: Any) -> bool:
        """Whether an evaluation is, for all that is known, more than a short chunk."""
        if isinstance(plan, data.StreamPlan):
            return True
        return min(self._pace(plan).chunk(plan.steps), plan.most_steps) < min(plan.steps, plan.steps_per_epoch)

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: Any = "auto",
        steps: int | None = None,
        callbacks: Any = None,
    ) -> Any:
        """The outputs for inputs, as NumPy arrays.

        Args:
            x: inputs, as in `fit`.
            batch_size: samples a step; 32 unless given.
            verbose, callbacks: as in `fit`.
            steps: batches to look at, if not all.
        """
        quick = self._quick_predictions
        if quick is not None and (self.run_eagerly or quick.changed()):
            quick = self._quick_predictions = None
        simple = callbacks is None and steps is None
        if simple and verbose == 0 and quick is not None:
            outputs = quick(x, batch_size)
            if outputs is not None:
                return outputs
        plan = data.plan(x, None, None, batch_size, steps, inspect=self._inspect("predict", False))
        self._build_by_call(plan)
        callbacks = self._callback_list(callbacks, verbose, 1, plan.steps_per_epoch)
        self.stop_predicting = False
        callbacks.on_predict_begin()
        at_once = not (self.run_eagerly or callbacks.needs_predict_batches)
        if not at_once or isinstance(plan, data.StreamPlan) or plan.steps_per_epoch != plan.steps:
            outputs = self._predict_batches(plan, callbacks)
        else:
            outputs = predict_arrays(self, plan)
            callbacks.on_predict_progress(plan.steps, None)
            if simple:
                self._quick_predictions = quick or QuickPredictions(self)
                self._quick_predictions.learn(self, x, batch_size, plan)
        callbacks.on_predict_end()
        return outputs

    def _predict_batches(self, plan: Any, callbacks: Any) -> Any:
        variables = self.trainable_variables, self.non_trainable_variables
        state = ([v._stored() for v in variables[0]], [v._stored() for v in variables[1]])
        parts = []
        if isinstance(plan, data.StreamPlan):
            batches = plan.epoch()
        else:
            batches = (steps_slice(plan.arrays, k, plan.batch_size) for k in range(plan.steps_per_epoch))
        for done, batch in enumerate(batches):
            callbacks.on_predict_batch_begin(done)
            args = (state, batch)
            run = self._programs.find(("a batch of predict",), lambda: lambda s, b: steps._predict(self, s, b), args)
            outputs, state = run(*args)
            parts.append(jax.tree.map(np.asarray, outputs))
            callbacks.on_predict_batch_end(done, {"outputs": parts[-1]})
            if self.stop_predicting:
                break
        write_back(variables[1], state[1])
        return jax.tree.map(lambda *p: np.concatenate(p), *parts)

    # --- single batches ------------------------------------------------------------------------------------------------

    def build_for(self, x: Any, y: Any = None, sample_weight: Any = None) -> None:
        """Builds whatever isn't built yet (the model, its losses, metrics and optimiser) from a batch's shapes."""
        self._require_compiled("build_for")
        self._batch(x, y, sample_weight, None, "fit")

    def train_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        class_weight: dict | None = None,
        return_dict: bool = False,
    ) -> Any:
        """One step of training on one batch; gives the loss and metrics of this batch."""
        self._require_compiled("train_on_batch")
        if class_weight is not None and sample_weight is not None:
            raise ValueError(
                f"Arguments `sample_weight` and `class_weight` cannot be specified at the same time. Received: "
                f"sample_weight={sample_weight}, class_weight={class_weight}"
            )
        return self._on_batch("train_on_batch", x, y, sample_weight, class_weight, return_dict)

    def test_on_batch(self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False) -> Any:
        """Loss and metrics on one batch."""
        self._require_compiled("test_on_batch")
        return self._on_batch("test_on_batch", x, y, sample_weight, None, return_dict)

    def _on_batch(self, who: str, x: Any, y: Any, weight: Any, class_weight: dict | None, return_dict: bool) -> Any:
        quick = self._quick_steps
        if quick is not None and (self.run_eagerly or quick.changed()):
            quick = self._quick_steps = None
        again = quick(who, x, y, weight) if quick is not None and class_weight is None else None
        if again is not None:
            logs, order = again
            if return_dict:
                return logs
            return logs[order] if isinstance(order, str) else [logs[name] for name in order]
        batch = self._batch(x, y, weight, class_weight, who)
        logs = run_step(self, who, batch)
        if not self.run_eagerly and all(given is used for given, used in zip((x, y, weight), batch, strict=True)):
            self._quick_steps = quick or QuickSteps(self)
            self._quick_steps.learn(self, who, batch, self._in_order({name: name for name in logs}))
        return logs if return_dict else self._in_order(logs)

    def predict_on_batch(self, x: Any) -> Any:
        """The outputs for one batch, as NumPy arrays."""
        return self.predict(x, batch_size=_count(data.as_arrays(x)), verbose=0)

    def _batch(self, x: Any, y: Any, weight: Any, class_weight: dict | None, who: str) -> tuple:
        arrays = (data.as_arrays(x), data.as_arrays(y), data.as_arrays(weight))
        if class_weight is not None:
            arrays = (*arrays[:2], data.class_weight_to_sample_weights(arrays[1], class_weight))
        self._inspect(who, y is not None)(arrays)
        self._build_for(data.ArrayPlan(arrays, _count(arrays[0]), None, False))
        return arrays

    @property
    def _programs(self) -> ModelPrograms:
        """The compiled programs, anew after each `compile`."""
        if self._model_programs is None:
            self._model_programs = ModelPrograms(self)
        return self._model_programs

    # --- helpers -------------------------------------------------------------------------------------------------------

    def _require_compiled(self, method: str) -> None:
        if not self.compiled:
            raise ValueError(
                f"You must call `compile()` before calling `{method}()`: model.compile(optimizer=…, loss=…)."
            )

    def _check_step(self, name: str) -> None:
        """A step written for TensorFlow takes the data alone; on JAX it is a pure function of the state too."""
        step = getattr(self, name)
        required = [p for p in _parameters(step).values() if p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD]
        if not is_default(step) and len(required) == 1:
            raise TypeError(
                f"{type(self).__name__}.{name}(self, {required[0].name}) is written for TensorFlow. On JAX a step is a "
                f"pure function: `def {name}(self, state, data): ...; return logs, state`, with values in `state` in "
                "place of variables. https://keras.io/guides/custom_train_step_in_jax/ shows it whole."
            )

    def _inspect(self, who: str, has_targets: bool) -> Callable[[tuple], None]:
        """The checks of bad input, on the arrays as they will be used."""
        return lambda arrays: doctor.check_data(self, who, arrays)

    def _build_for(self, plan: Any) -> None:
        """Builds what isn't built yet, from the first batch's shapes: the model, its losses, its metrics, its optimiser."""
        model_unbuilt = not all(layer.built for layer in self._flatten_layers())
        metrics_unbuilt = self._compile_metrics is not None and not self._compile_metrics.built
        loss_unbuilt = self._compile_loss is not None and not self._compile_loss.built
        if model_unbuilt or metrics_unbuilt or loss_unbuilt:
            plan.discard()
            x, y, weight = tree.map_structure(_symbol, plan.example())
            y_pred = self._symbolic_outputs(x)
            doctor.check_targets(self, y, y_pred)
            if metrics_unbuilt:
                compute_output_spec(self.compute_metrics, x, y, y_pred, sample_weight=weight)
            if loss_unbuilt:
                compute_output_spec(self._compute_loss, x, y, y_pred, sample_weight=weight, training=False)
        if self.optimizer is not None and not self.optimizer.built:
            self.optimizer.build(self.trainable_variables)

    def _symbolic_outputs(self, x: Any) -> Any:
        kwargs = {"training": False} if self._call_has_training_arg else {}
        try:
            return compute_output_spec(self, x, **kwargs)
        except ValueError:
            raise
        except Exception as error:
            raise RuntimeError(
                "Unable to automatically build the model. Please build it yourself before calling fit/evaluate/predict. "
                "A model is 'built' when its variables have been created and its `self.built` attribute is True. "
                f"Usually, calling the model on a batch of data is the right way to build it.\nException encountered:\n"
                f"'{error}'"
            ) from error

    def _build_by_call(self, plan: Any) -> None:
        if not all(layer.built for layer in self._flatten_layers()):
            self._symbolic_outputs(tree.map_structure(_symbol, plan.example())[0])

    def _callback_list(self, callbacks: Any, verbose: Any, epochs: int, steps: Any, history: bool = False) -> Any:
        verbose = 1 if verbose == "auto" else int(verbose)
        if isinstance(callbacks, callbacks_module.CallbackList):
            return callbacks
        return callbacks_module.CallbackList(
            callbacks,
            add_history=history,
            add_progbar=verbose != 0,
            verbose=verbose,
            epochs=epochs,
            steps=steps,
            model=self,
        )

    def _in_order(self, logs: Logs) -> Any:
        """The values of the logs in the order of the metrics; a single one bare."""
        names: list[str] = []
        for m in self.metrics:
            names += [inner.name for inner in m.metrics] if isinstance(m, CompileMetrics) else [m.name]
        values = [logs[n] for n in names if n in logs]
        values += [logs[n] for n in sorted(logs) if n not in names]
        return values[0] if len(values) == 1 else values


def steps_slice(arrays: tuple, k: int, size: int) -> tuple:
    """The k-th batch."""
    return jax.tree.map(lambda a: a[k * size : (k + 1) * size], arrays)


def _mean(name: str) -> Any:
    return metrics.Mean(name=name)


def _symbol(x: Any) -> Any:
    return None if x is None else KerasTensor(x.shape, dtype=x.dtype)


def _count(x: Any) -> int:
    return int(next(leaf for leaf in tree.flatten(x) if leaf is not None).shape[0])


def _parameters(method: Callable) -> Any:
    import inspect

    return inspect.signature(method).parameters


def _due(epoch: int, frequency: Any) -> bool:
    """Whether an epoch ends with validation."""
    if isinstance(frequency, int):
        return (epoch + 1) % frequency == 0
    if isinstance(frequency, list | tuple | set):
        return epoch + 1 in frequency
    raise ValueError(
        f"Expected `validation_freq` to be a list or int. Received: validation_freq={frequency} of the type "
        f"{type(frequency)}."
    )
