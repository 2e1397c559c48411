"""`compile`: what training minimises and reports, and by which steps.

Source: https://keras.io/api/models/model_training_apis/#compile-method
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from jaxnn import doctor, optimizers
from jaxnn import metrics as metrics_module
from jaxnn.core import check, registry
from jaxnn.core.layer import Layer, default, is_default
from jaxnn.core.types import Logs
from jaxnn.core.variable import Variable
from jaxnn.training.compiled_loss import CompileLoss
from jaxnn.training.compiled_metrics import CompileMetrics

if TYPE_CHECKING:
    from jaxnn.training.model_programs import ModelPrograms
    from jaxnn.training.pace import Pace
    from jaxnn.training.prediction import QuickPredictions
    from jaxnn.training.single_batches import QuickSteps
    from jaxnn.training.state import Session

    _Host = Layer  # a mixin: whoever takes it is a Layer
else:
    _Host = object

QUIET = {
    "stop_training", "stop_evaluating", "stop_predicting", "history", "optimizer", "compiled", "loss", "loss_weights",
    "train_function", "test_function", "predict_function", "steps_per_execution", "jit_compile", "run_eagerly",
    "_run_eagerly", "_jit_compile", "_compile_loss", "_compile_metrics", "_loss_tracker", "_compile_arguments",
    "_model_programs", "_quick_predictions", "_quick_steps", "_session", "_initial_epoch", "_paces", "_call_cache",
}  # fmt: skip


class Compiling(_Host):
    """What a model knows from `compile`, and the metrics that it reports."""

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
    train_function: Any = None
    test_function: Any = None
    predict_function: Any = None

    def _track_attribute(self, name: str, value: Any) -> Any:
        return value if name in QUIET else super()._track_attribute(name, value)

    @default
    @check.known_arguments
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
            run_eagerly: run steps as plain Python, for debugging: `print`, breakpoints and `if` on values work in `call`,
                losses, metrics and steps. Where a gradient is taken, a value is a tracer around its array, which
                `print` and `if` see; for NumPy or `float` take `jax.lax.stop_gradient(x)` or
                `ops.convert_to_numpy(x)`.
            steps_per_execution: steps between two calls of batch callbacks.
            jit_compile: accepted as in Keras. False would be `run_eagerly`'s speed without being a help in debugging, so steps
                are compiled all the same; but not where a layer says `supports_jit = False`.
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
        self._loss_tracker = metrics_module.Mean(name="loss")
        if jit_compile is True and run_eagerly:
            warnings.warn(
                "If `run_eagerly` is True, then `jit_compile` cannot also be True. Disabling `jit_compile`.",
                stacklevel=3,
            )
        supported = all(layer.supports_jit for layer in self._flatten_layers())
        if jit_compile is True and not supported:
            warnings.warn(
                "Model doesn't support `jit_compile=True`. Proceeding with `jit_compile=False`.", stacklevel=3
            )
        self.run_eagerly = bool(run_eagerly) or not supported
        self.jit_compile = not self.run_eagerly and jit_compile is not False
        self.steps_per_execution = check.positive_int("compile", "steps_per_execution", steps_per_execution)
        self.stop_training = False
        self.compiled = True
        self.train_function = self.test_function = self.predict_function = None
        self._model_programs = self._quick_steps = None
        self._paces: dict[Any, Pace] = {}
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
        for layer in self._flatten_layers(include_self=False):
            if not isinstance(layer, Compiling):  # a model inside is compiled, if at all, for a training of its own
                found += layer._metrics if type(layer).metrics is Layer.metrics else layer.metrics
        return list({id(m): m for m in found}.values())

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

    def _require_compiled(self, method: str) -> None:
        if not self.compiled:
            raise ValueError(
                f"You must call `compile()` before calling `{method}()`: model.compile(optimizer=…, loss=…)."
            )

    def _in_order(self, logs: Logs) -> Any:
        """The values of the logs in the order of the metrics; a single one bare."""
        names: list[str] = []
        for m in self.metrics:
            names += [inner.name for inner in m.metrics] if isinstance(m, CompileMetrics) else [m.name]
        values = [logs[n] for n in names if n in logs]
        values += [logs[n] for n in sorted(logs) if n not in names]
        return values[0] if len(values) == 1 else values
