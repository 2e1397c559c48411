"""What `compile(loss=..., metrics=...)` means, worked out once the model's outputs are known.

A user gives one loss or metric, or lists and dicts of them that follow the outputs. `CompileLoss` and `CompileMetrics`
match them with the outputs, resolve "accuracy" and "crossentropy" by the shapes, and then are one loss and one metric.

Source: https://keras.io/api/models/model_training_apis/#compile-method
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax.numpy as jnp

from jaxnn import losses, metrics
from jaxnn.core import tree
from jaxnn.core.config import floatx
from jaxnn.core.graph import KerasTensor
from jaxnn.core.naming import snake_case
from jaxnn.core.variable import Variable


def _shape_family(y_true: Any, y_pred: Any) -> str:
    """Which accuracy or cross-entropy fits the shapes: 'binary', 'sparse' (integer labels) or 'categorical' (one-hot)."""
    if y_pred.shape[-1] == 1:
        return "binary"
    sparse = len(y_true.shape) < len(y_pred.shape) or (y_true.shape[-1] == 1 and y_pred.shape[-1] > 1)
    return "sparse" if sparse else "categorical"


_ACCURACY = {
    "binary": metrics.BinaryAccuracy,
    "sparse": metrics.SparseCategoricalAccuracy,
    "categorical": metrics.CategoricalAccuracy,
}
_CROSSENTROPY = {
    "binary": losses.binary_crossentropy,
    "sparse": losses.sparse_categorical_crossentropy,
    "categorical": losses.categorical_crossentropy,
}


def _name_of(obj: Any) -> str:
    return obj.name if hasattr(obj, "name") else getattr(obj, "__name__", None) or snake_case(type(obj).__name__)


def resolve_loss(identifier: Any, y_true: Any, y_pred: Any) -> Any:
    """A Loss for whatever the user gave; 'crossentropy' is chosen by the shapes."""
    if str(identifier).lower() in ("crossentropy", "ce"):
        loss = _CROSSENTROPY[_shape_family(y_true, y_pred)]
    else:
        loss = losses.get(identifier)
    if isinstance(loss, losses.Loss):
        return loss
    name = identifier if isinstance(identifier, str) else _name_of(loss)
    return losses.LossFunctionWrapper(loss, name=name)


def resolve_metric(identifier: Any, y_true: Any, y_pred: Any) -> Any:
    """A Metric for whatever the user gave; 'accuracy' is chosen by the shapes and keeps the user's word as its name."""
    if identifier is None:
        raise ValueError("Expected metric, received `None`")
    if str(identifier).lower() in ("accuracy", "acc"):
        metric = _ACCURACY[_shape_family(y_true, y_pred)](name=str(identifier))
    else:
        metric = metrics.get(identifier)
    name = identifier if isinstance(identifier, str) else _name_of(metric)
    if not isinstance(metric, metrics.Metric):
        metric = metrics.MeanMetricWrapper(metric)
    metric.name = name
    return metric


class _Term(NamedTuple):
    """One loss, the output it belongs to, its weight and its name in the logs."""

    path: tuple
    loss: Callable
    weight: Any
    name: str


class CompileLoss:
    """The weighted sum of the losses of all outputs.

    Args:
        loss: one loss, or a list or dict that follows the outputs; None for an output without one.
        loss_weights: a number each.
        output_names: the model's, if it has names for its outputs.
    """

    def __init__(self, loss: Any, loss_weights: Any = None, output_names: list[str] | None = None):
        if loss_weights and not isinstance(loss_weights, list | tuple | dict | float | int):
            raise ValueError(
                "Expected `loss_weights` argument to be a float (single output case) or a list, tuple, or dict "
                f"(multiple output case). Received instead: loss_weights={loss_weights} of type {type(loss_weights)}"
            )
        self.user_loss, self.user_weights, self.output_names = loss, loss_weights, output_names
        self.metrics: list[Any] = []
        self.terms: list[_Term] = []
        self.built = False

    @property
    def variables(self) -> list[Variable]:
        """The Variables of the per-output trackers."""
        return [v for metric in self.metrics for v in metric.variables]

    def build(self, y_true: Any, y_pred: Any) -> None:
        """Matches losses with outputs.

        Raises:
            KeyError: for a loss whose output doesn't exist.
            ValueError: for weights or names that don't fit.
        """
        loss, weights = self._named_as_list(y_pred)
        if weights is not None:
            weights = _fit_weights(loss, weights)
        outputs = self._output_names(y_pred)
        if not tree.is_nested(loss) and tree.is_nested(y_pred):
            loss, weights = tree.map_structure(lambda _: loss, y_pred), tree.map_structure(lambda _: weights, y_pred)
        self.terms = []
        self._match(y_true, y_pred, loss, weights, outputs, ())
        if len(self.terms) > 1:
            self.metrics = [metrics.Mean(name=f"{term.name}_loss") for term in self.terms]
        self._structure = tree.map_structure(lambda _: None, y_pred)
        self.built = True

    def _named_as_list(self, y_pred: Any) -> tuple[Any, Any]:
        """A dict by output name, where the outputs themselves are a list or single."""
        loss, weights, names = self.user_loss, self.user_weights, self.output_names
        if not (names and isinstance(loss, dict) and not isinstance(y_pred, dict)):
            return loss, weights
        if set(names) != set(loss):
            unknown = set(loss) - set(names)
            if unknown or not set(loss) <= set(names):
                raise ValueError(f"Expected keys {names} in loss dict, but found loss.keys()={list(loss)}")
        ordered = [loss.get(name) for name in names]
        if isinstance(weights, dict):
            weights = [weights.get(name) for name in names]
        return (ordered, weights) if tree.is_nested(y_pred) else (ordered[0], weights and tree.flatten(weights)[0])

    def _output_names(self, y_pred: Any) -> Any:
        count = len(tree.flatten(y_pred))
        if self.output_names and len(self.output_names) == count:
            return tree.pack_sequence_as(y_pred, self.output_names)
        return tree.map_structure(_tensor_name, y_pred)

    def _match(self, y_true: Any, y_pred: Any, loss: Any, weight: Any, names: Any, path: tuple) -> None:
        if not tree.is_nested(loss):
            if loss is not None:
                resolved = resolve_loss(loss, y_true, y_pred)
                self.terms.append(_Term(path, resolved, weight, _term_name(names, path, resolved)))
            return
        flat = isinstance(loss, list | tuple) and not any(map(tree.is_nested, loss))
        if flat and tree.is_nested(y_pred) and len(loss) == len(tree.flatten(y_pred)):
            weight = None if weight is None else tree.pack_sequence_as(y_pred, tree.flatten(weight))
            loss = tree.pack_sequence_as(y_pred, list(loss))
        elif isinstance(loss, list | tuple) and not isinstance(y_pred, type(loss)):
            for i, one in enumerate(loss):  # several losses of one output, or of one structure of outputs
                self._match(y_true, y_pred, one, None if weight is None else weight[i], names, path)
            return
        for key, one in loss.items() if isinstance(loss, dict) else enumerate(loss):
            if one is None:
                continue
            if not (_has(y_pred, key) and _has(y_true, key)):
                raise KeyError(
                    f"The path: {(*path, key)} in the `loss` argument, can't be found in either the model's output "
                    "(`y_pred`) or in the labels (`y_true`)."
                )
            inner = None if weight is None else weight[key]
            self._match(y_true[key], y_pred[key], one, inner, names[key], (*path, key))

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """The total, or None if no output has a loss."""
        if tree.is_nested(y_pred) or tree.is_nested(y_true):
            y_true = self._aligned(y_true, y_pred)
        if not self.built:
            self.build(y_true, y_pred)
        if tree.is_nested(self._structure):
            y_pred = tree.pack_sequence_as(self._structure, tree.flatten(y_pred))
        total = None
        for i, (path, loss, weight, _) in enumerate(self.terms):
            y_t, y_p = _at(path, y_true), _at(path, y_pred)
            weights = _at(path, sample_weight) if tree.is_nested(sample_weight) else sample_weight
            value = jnp.asarray(loss(y_t, y_p, weights), floatx())
            if self.metrics:
                self.metrics[i].update_state(value, sample_weight=tree.flatten(y_p)[0].shape[0])
            if weight is not None:
                value = value * weight
            total = value if total is None else total + value
        return total

    def _aligned(self, y_true: Any, y_pred: Any) -> Any:
        """The targets in the structure of the outputs."""
        try:
            tree.assert_same_structure(y_pred, y_true)
            return y_true
        except ValueError:
            pass
        if (
            isinstance(y_true, dict)
            and isinstance(y_pred, list | tuple)
            and set(self.output_names or ()) == set(y_true)
        ):
            y_true = [y_true[name] for name in self.output_names or ()]
        flat = tree.flatten(y_true)
        if len(flat) == len(tree.flatten(y_pred)):
            return tree.pack_sequence_as(y_pred, flat)
        wanted = [i for i, loss in enumerate(tree.flatten(self.user_loss)) if loss is not None]
        if len(wanted) == len(flat):  # targets for the outputs that have a loss
            filled: list[Any] = [None] * len(tree.flatten(y_pred))
            for i, value in zip(wanted, flat, strict=True):
                filled[i] = value
            return tree.pack_sequence_as(y_pred, filled)
        shown = [tree.map_structure(lambda _: "*", y) for y in (y_true, y_pred)]
        raise ValueError(f"y_true and y_pred have different structures.\ny_true: {shown[0]}\ny_pred: {shown[1]}\n")


class CompileMetrics(metrics.Metric):
    """All metrics of all outputs, as one metric whose result is a dict.

    Args:
        metrics, weighted_metrics: lists or dicts that follow the outputs. The first ignore sample weights.
        output_names: the model's, if it has names for its outputs.
    """

    def __init__(self, metrics: Any, weighted_metrics: Any, output_names: list[str] | None = None):
        super().__init__(name="compile_metrics")
        for argument, value in (("metrics", metrics), ("weighted_metrics", weighted_metrics)):
            if value and not isinstance(value, list | tuple | dict):
                raise ValueError(
                    f"Expected `{argument}` argument to be a list, tuple, or dict. Received instead: "
                    f"{argument}={value} of type {type(value)}. Put it into a list: {argument}=[...]."
                )
        self.user_metrics, self.user_weighted, self.output_names = metrics, weighted_metrics, output_names
        self.built = False
        self._plain: list[_OutputMetrics] = []
        self._weighted: list[_OutputMetrics] = []

    @property
    def metrics(self) -> list:
        """The single metrics, in the order of the logs."""
        return [m for group in (*self._plain, *self._weighted) for m in group.metrics]

    @property
    def variables(self) -> list[Variable]:
        """Their Variables."""
        return [v for m in self.metrics for v in m.variables]

    def build(self, y_true: Any, y_pred: Any) -> None:
        """Matches metrics with outputs."""
        names = self._resolve_names(y_pred)
        self._names = names if len(tree.flatten(y_pred)) > 1 else None
        self._plain = self._groups("metrics", self.user_metrics, y_true, y_pred, names)
        self._weighted = self._groups("weighted_metrics", self.user_weighted, y_true, y_pred, names)
        self.built = True

    def _resolve_names(self, y_pred: Any) -> list[str] | None:
        count = len(tree.flatten(y_pred))
        if isinstance(y_pred, dict) and len(y_pred) == count:
            return self.output_names if self.output_names and set(y_pred) == set(self.output_names) else sorted(y_pred)
        return self.output_names if self.output_names and len(self.output_names) == count else None

    def _groups(self, argument: str, given: Any, y_true: Any, y_pred: Any, names: list[str] | None) -> list:
        if not given:
            return []
        flat_true, flat_pred = self._flat(y_true), self._flat(y_pred)
        count = len(flat_pred)
        if count == 1:
            return [_OutputMetrics(tree.flatten(given), flat_true[0], flat_pred[0], None, 0)]
        if isinstance(given, dict) and names and set(given) <= set(names):
            per_output = [given.get(name) for name in names]
        elif isinstance(given, list | tuple) and len(given) == count:
            per_output = list(given)
        else:
            expected = f"a dict with keys among {names}" if names else f"a list of {count}"
            raise ValueError(
                f"Invalid `{argument}`. The model has {count} outputs, so `{argument}` should be {expected}, each "
                f"entry a metric, a list of metrics or None. Received: {argument}={given}"
            )
        return [
            _OutputMetrics(tree.flatten(one), flat_true[i], flat_pred[i], names[i] if names else None, i)
            for i, one in enumerate(per_output)
            if one is not None
        ]

    def _flat(self, y: Any) -> list:
        if isinstance(y, dict) and getattr(self, "_names", None):
            return [y[name] for name in self._names or ()]
        return tree.flatten(y)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Adds a batch."""
        if not self.built:
            self.build(y_true, y_pred)
        flat_true, flat_pred = self._flat(y_true), self._flat(y_pred)
        weights = [None] if sample_weight is None else self._flat(sample_weight)
        if len(weights) < len(flat_pred):
            weights = weights[:1] * len(flat_pred)
        for group in self._plain:
            for m in group.metrics:
                m.update_state(flat_true[group.index], flat_pred[group.index])
        for group in self._weighted:
            for m in group.metrics:
                m.update_state(flat_true[group.index], flat_pred[group.index], sample_weight=weights[group.index])

    def reset_state(self) -> None:
        """Starts all anew."""
        for m in self.metrics:
            m.reset_state()

    def result(self) -> dict[str, Any]:
        """Values by name: `accuracy`, or `output_accuracy` where there are several outputs."""
        if not self.built:
            raise ValueError("Cannot get result() since the metric has not yet been built.")
        results: dict[str, Any] = {}
        for prefix, groups in (("", self._plain), ("weighted_", self._weighted)):
            for group in groups:
                for m in group.metrics:
                    output = f"{group.output_name}_" if group.output_name else ""
                    name = f"{output}{m.name}"
                    if name in results and prefix:
                        name = f"{output}{prefix}{m.name}"
                    base, n = name, 0
                    while name in results:
                        n += 1
                        name = f"{base}_{n}"
                    results[name] = m.result()
        return results


class _OutputMetrics:
    """The metrics of one output."""

    def __init__(self, identifiers: list, y_true: Any, y_pred: Any, output_name: str | None, index: int):
        self.metrics = [resolve_metric(m, y_true, y_pred) for m in identifiers]
        self.output_name, self.index = output_name, index


def _fit_weights(loss: Any, weights: Any) -> Any:
    flat, flat_loss = tree.flatten(weights), tree.flatten(loss)
    if len(flat) != len(flat_loss):
        raise ValueError(
            f"`loss_weights` must match the number of losses, got {len(flat_loss)} losses and {len(flat)} weights."
        )
    return tree.pack_sequence_as(loss, flat) if tree.is_nested(loss) else flat[0]


def _term_name(names: Any, path: tuple, loss: Any) -> str:
    if not tree.is_nested(names):
        tail = names if names is not None else loss.name
        keys = [p for p in path[:-1] if not isinstance(p, int)] if path else []
        head = [*keys, tail] if not path or isinstance(path[-1], int) else path
        return "/".join(map(str, head))
    return "_".join(map(str, tree.flatten(names)))


def _tensor_name(x: Any) -> str | None:
    if not isinstance(x, KerasTensor):
        return None
    history = getattr(x, "_keras_history", None)
    return history.operation.name if history and history.operation is not None else x.name


def _has(y: Any, key: Any) -> bool:
    return key in y if isinstance(y, dict) else isinstance(y, list | tuple) and key < len(y)


def _at(path: tuple, y: Any) -> Any:
    for key in path:
        y = y[key]
    return y
