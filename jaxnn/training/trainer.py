"""fit, evaluate, predict: the order of events, readable in one screen each.

`Trainer` is a mixin and no Layer. What `compile` keeps is in `compiling.py`; what a step computes, and what users override, in
`step_methods.py`; how steps become compiled epochs in `steps.py` and `loop.py`.

Source: https://keras.io/api/models/model_training_apis/
"""

from __future__ import annotations

import contextlib
import functools
import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from jaxnn import callbacks as callbacks_module
from jaxnn import doctor
from jaxnn.core import check, tree
from jaxnn.doctor import NOTHING, Given
from jaxnn.training import columns, data, evaluation, function_loop, limits, loop, steps
from jaxnn.training.building import build_by_call, build_for
from jaxnn.training.checkup import checkup
from jaxnn.training.epoch_events import EpochEvents
from jaxnn.training.interrupts import Interrupts
from jaxnn.training.model_programs import ModelPrograms
from jaxnn.training.pace import Pace
from jaxnn.training.prediction import QuickPredictions, predict_arrays, predict_stream, write_back
from jaxnn.training.profile import Clock, Profile
from jaxnn.training.single_batches import QuickSteps, run_step
from jaxnn.training.state import Session
from jaxnn.training.step_methods import StepMethods
from jaxnn.utils import unpack_x_y_sample_weight

if TYPE_CHECKING:
    from jaxnn.doctor import Report


class Trainer(StepMethods):
    """What a model gets from `compile`: training, evaluation and prediction."""

    # --- fit ---------------------------------------------------------------------------------------------------------

    @check.known_arguments
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
            x, y: arrays (NumPy, JAX, lists, pandas, memory maps, HDF5, sparse), or structures of them for several inputs
                and outputs; or `x` alone, batches of `x`, `(x, y)` or `(x, y, sample_weight)`: a generator, a
                `utils.PyDataset`, a torch DataLoader, a dataset of TensorFlow or grain, any iterable. They are prepared
                in a thread. A generator that has ended ends training.
            batch_size: samples a step; 32 unless given.
            epochs: the number of the last epoch.
            verbose: 0 silent, 1 a moving bar, 2 a line an epoch; "auto" is 1.
            callbacks: a list.
            validation_split: the share of the data, from its end, that is set aside for validation.
            validation_data: `(x, y)` or `(x, y, sample_weight)`, or batches as in `x`.
            shuffle: True, False or "batch".
            class_weight: dict from class to weight.
            sample_weight: a weight a sample.
            initial_epoch: the epoch to start at.
            steps_per_epoch: batches an epoch, if not all; needed for data that never ends, unless a callback of batches
                may stop it.
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
        epochs, steps_per_epoch = limits.epochs(epochs), limits.steps(steps_per_epoch)
        with Clock() if profile is None else Profile(profile) as clock:
            with clock.spent_on("data"):
                x = columns.by_name(self, x)
                held_out = None
                if validation_split and validation_data is None:
                    arrays = tuple(data.as_rows(a) for a in (x, y, sample_weight))
                    (x, y, sample_weight), validation_data = data.split(arrays, validation_split)
                    held_out = validation_data[1]
                look = self._inspect("fit", Given(batch_size, class_weight, validation_split, held_out))
                plan = data.plan(x, y, sample_weight, batch_size, steps_per_epoch, shuffle, class_weight, look)
                validation = None
                if validation_data is not None:
                    val_x, val_y, val_weight = unpack_x_y_sample_weight(validation_data)
                    size = validation_batch_size or batch_size
                    check_val = self._inspect("validation_data")
                    validation = data.plan(
                        columns.by_name(self, val_x),
                        val_y,
                        val_weight,
                        size,
                        limits.steps(validation_steps),
                        inspect=check_val,
                        who="validation_data",
                    )
            with clock.spent_on("compile"):
                build_for(self, plan)
            self._programs.settle_rows("fit", plan)
            self._programs.settle_rows("evaluate", validation)
            callbacks = self._callback_list(callbacks, verbose, epochs, plan.steps_per_epoch, history=True)
            data.check_end(plan, callbacks.needs_train_batches)
            data.check_end(validation, callbacks.needs_test_batches)
            self._whole_executions(plan, steps_per_epoch)
            self._fit(plan, validation, clock.callbacks(callbacks), epochs, initial_epoch, validation_freq, clock)
        return self.history

    def _fit(
        self, plan: Any, validation: Any, callbacks: Any, epochs: int, start: int, validation_freq: Any, clock: Clock
    ) -> None:
        """The epochs, and what happens between them."""
        self.stop_training = False
        closing = contextlib.closing(plan), contextlib.closing(validation or plan)
        with closing[0], closing[1], Session(self) as session, Interrupts() as interrupts:
            self._session = session
            try:
                callbacks.on_train_begin()
                trained: Any
                if function_loop.is_overridden(self, "train"):
                    trained = function_loop.FunctionEpochs(self, plan, session, callbacks)
                else:
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
                            logs = trained.run(more=epoch + 1 < epochs and not validate)
                            events.end(epoch, logs, evaluate() if validate else None)
                        if self.stop_training or (epoch + 1 < epochs and plan.is_spent()):
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
        check.no_extra("evaluate", kwargs, inspect.signature(Trainer.evaluate).parameters)
        steps = limits.steps(steps)
        look = self._inspect("evaluate")
        x = columns.by_name(self, x)
        plan = data.plan(x, y, sample_weight, batch_size, steps, inspect=look, who="evaluate")
        build_for(self, plan)
        self._programs.settle_rows("evaluate", plan)
        callbacks = self._callback_list(callbacks, verbose, 1, plan.steps_per_epoch)
        data.check_end(plan, callbacks.needs_test_batches)
        self._whole_executions(plan, steps)
        with contextlib.closing(plan), Session(self) as session, Interrupts() as interrupts:
            logs = self._evaluate(plan, session, callbacks, interrupts, Clock())
        return logs if return_dict else self._in_order(logs)

    def _evaluate(
        self,
        plan: Any,
        session: Session,
        callbacks: Any,
        interrupts: Interrupts,
        clock: Clock,
        wait: bool = True,
    ) -> Any:
        pace = self._pace(plan)
        if not wait:
            return evaluation.evaluate(self, plan, session, callbacks, interrupts, clock, pace, wait)
        self.stop_evaluating = False
        callbacks.on_test_begin()
        if function_loop.is_overridden(self, "test"):
            logs = function_loop.evaluate(self, plan, session, callbacks)
        else:
            logs = evaluation.evaluate(self, plan, session, callbacks, interrupts, clock, pace)
        callbacks.on_test_end(logs)
        return logs

    def _pace(self, plan: Any) -> Pace:
        """The pace of evaluation, which outlives a call: so does what it learned."""
        return self._paces.setdefault(getattr(plan, "batch_size", None), Pace())

    def _is_long(self, plan: Any) -> bool:
        """Whether an evaluation is, for all that is known, more than a short chunk."""
        if isinstance(plan, data.StreamPlan) or function_loop.is_overridden(self, "test"):
            return True
        return min(self._pace(plan).chunk(plan.steps), plan.most_steps) < min(plan.steps, plan.steps_per_epoch)

    @check.known_arguments
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
        self._check_step("predict_step")
        steps = limits.steps(steps)
        look, columned = self._inspect("predict"), columns.by_name(self, x)
        plan = data.plan(columned, None, None, batch_size, steps, inspect=look, who="predict")
        build_by_call(self, plan)
        callbacks = self._callback_list(callbacks, verbose, 1, plan.steps_per_epoch)
        data.check_end(plan, callbacks.needs_predict_batches)
        self._whole_executions(plan, steps)
        self.stop_predicting = False
        callbacks.on_predict_begin()
        at_once = not (self.run_eagerly or callbacks.needs_predict_batches)
        if function_loop.is_overridden(self, "predict"):
            with contextlib.closing(plan):
                outputs = function_loop.predict(self, plan, callbacks)
        elif at_once and isinstance(plan, data.StreamPlan):
            outputs = predict_stream(self, plan, callbacks)
        elif not at_once or isinstance(plan, data.StreamPlan) or plan.steps_per_epoch != plan.steps:
            with contextlib.closing(plan):
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
        parts, count = [], self.steps_per_execution
        for begin, group in function_loop.executions(function_loop.host_batches(plan, ordered=True), count):
            callbacks.on_predict_batch_begin(begin)
            for batch in group:
                args = (state, batch)
                run = self._programs.find(
                    ("a batch of predict",), lambda: functools.partial(steps._predict, self), args
                )
                outputs, state = run(*args)
                parts.append(jax.tree.map(np.asarray, outputs))
            told = jax.tree.map(lambda *p: np.concatenate(p), *parts[-len(group) :])
            callbacks.on_predict_batch_end(begin + count - 1, {"outputs": told})
            if self.stop_predicting:
                break
        write_back(variables[1], state[1])
        return jax.tree.map(lambda *p: np.concatenate(p), *parts)

    # --- single batches ------------------------------------------------------------------------------------------------

    def build_for(self, x: Any, y: Any = None, sample_weight: Any = None) -> None:
        """Builds whatever isn't built yet (the model, its losses, metrics and optimiser) from a batch's shapes."""
        self._require_compiled("build_for")
        self._batch(x, y, sample_weight, None, "fit")

    @check.known_arguments
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

    @check.known_arguments
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
        if function_loop.is_overridden(self, "train" if who == "train_on_batch" else "test"):
            logs = function_loop.on_batch(self, who, batch)
            return logs if return_dict else self._in_order(logs)
        logs = run_step(self, who, batch)
        if not self.run_eagerly and all(given is used for given, used in zip((x, y, weight), batch, strict=True)):
            self._quick_steps = quick or QuickSteps(self)
            self._quick_steps.learn(self, who, batch, self._in_order({name: name for name in logs}))
        return logs if return_dict else self._in_order(logs)

    @check.known_arguments
    def predict_on_batch(self, x: Any) -> Any:
        """The outputs for one batch, as NumPy arrays."""
        return self.predict(x, batch_size=_count(data.as_arrays(x)), verbose=0)

    def _batch(self, x: Any, y: Any, weight: Any, class_weight: dict | None, who: str) -> tuple:
        arrays = (data.as_arrays(x), data.as_arrays(y), data.as_arrays(weight))
        if class_weight is not None:
            arrays = (*arrays[:2], data.class_weight_to_sample_weights(arrays[1], class_weight))
        self._inspect(who)(arrays)
        build_for(self, data.ArrayPlan(arrays, _count(arrays[0]), None, False))
        return arrays

    @property
    def _programs(self) -> ModelPrograms:
        """The compiled programs, anew after each `compile`."""
        if self._model_programs is None:
            self._model_programs = ModelPrograms(self)
        return self._model_programs

    # --- advice --------------------------------------------------------------------------------------------------------

    @check.known_arguments
    def doctor(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        class_weight: dict | None = None,
        batch_size: int | None = None,
        validation_split: float = 0.0,
    ) -> Report:
        """What is wrong with this model and this data, and what to do about it. Not in Keras.

        The checks that `fit` makes before its first step, more thoroughly; then a forward pass, a backward pass and some
        trial steps at this learning rate and others, on a copy; and the last `fit`'s history, if there was one. The model,
        its optimizer and the random streams stay as they are.

        Args:
            x, y, sample_weight: arrays, as in `fit`.
            class_weight, batch_size, validation_split: as in `fit`.

        Returns:
            A report: print it, show it in a notebook, or loop over its findings. `jaxnn.doctor.ignore` silences single
            ones; docs/doctor has a page for each.

        Raises:
            ValueError: if the model can't be copied, or for data that isn't arrays.

        Example:
            >>> print(model.doctor(x_train, y_train))
            nothing to report
        """
        self._require_compiled("doctor")
        return checkup(self, x, y, sample_weight, class_weight, batch_size, validation_split)

    # --- helpers -------------------------------------------------------------------------------------------------------

    def _inspect(self, who: str, given: Given = NOTHING) -> Callable[[tuple], None]:
        """The checks of bad input, on the arrays as they will be used."""
        return lambda arrays: doctor.check_data(self, who, arrays, given)

    def _whole_executions(self, plan: Any, asked: int | None) -> None:
        """A number of steps that the user gave is rounded up to whole executions, as in Keras."""
        if asked and self.steps_per_execution > 1:
            plan.steps_per_epoch = -(-asked // self.steps_per_execution) * self.steps_per_execution

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


def _count(x: Any) -> int:
    return int(next(leaf for leaf in tree.flatten(x) if leaf is not None).shape[0])


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
