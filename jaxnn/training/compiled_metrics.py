"""What `compile(metrics=..., weighted_metrics=...)` means, worked out once the model's outputs are known.

Source: https://keras.io/api/models/model_training_apis/#compile-method
"""

from __future__ import annotations

from typing import Any

from jaxnn import metrics
from jaxnn.core import tree
from jaxnn.core.variable import Variable
from jaxnn.training.compiled_loss import name_of, shape_family

_ACCURACY = {
    "binary": metrics.BinaryAccuracy,
    "sparse": metrics.SparseCategoricalAccuracy,
    "categorical": metrics.CategoricalAccuracy,
}


def resolve_metric(identifier: Any, y_true: Any, y_pred: Any) -> Any:
    """A Metric for whatever the user gave; 'accuracy' is chosen by the shapes and keeps the user's word as its name."""
    if identifier is None:
        raise ValueError("Expected metric, received `None`")
    if str(identifier).lower() in ("accuracy", "acc"):
        metric = _ACCURACY[shape_family(y_true, y_pred)](name=str(identifier))
    else:
        metric = metrics.get(identifier)
    name = identifier if isinstance(identifier, str) else name_of(metric)
    if not isinstance(metric, metrics.Metric):
        metric = metrics.MeanMetricWrapper(metric)
    metric.name = name
    return metric


class _OutputMetrics:
    """The metrics of one output, and the name that they get in front."""

    def __init__(self, given: Any, y_true: Any, y_pred: Any, output_name: str | None):
        identifiers = given if isinstance(given, list | tuple) else [given]
        self.metrics = [resolve_metric(m, y_true, y_pred) for m in identifiers]
        self.prefix = f"{output_name}_" if output_name else ""


class CompileMetrics(metrics.Metric):
    """All metrics of all outputs, as one metric whose result is a dict.

    Args:
        metrics, weighted_metrics: lists or dicts that follow the outputs, as deeply as those nest. The first ignore
            sample weights.
        output_names: the model's, if it has names for its outputs.

    Raises:
        ValueError: for metrics that are neither a list nor a dict, or don't follow the outputs.
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
        self._plain: list[_OutputMetrics | None] = []
        self._weighted: list[_OutputMetrics | None] = []

    @property
    def metrics(self) -> list:
        """The single metrics, in the order of the logs."""
        return [m for group in (*self._plain, *self._weighted) if group for m in group.metrics]

    @property
    def variables(self) -> list[Variable]:
        """Their Variables."""
        return [v for m in self.metrics for v in m.variables]

    def build(self, y_true: Any, y_pred: Any) -> None:
        """Matches metrics with outputs."""
        count = len(tree.flatten(y_pred))
        is_flat = tree.is_nested(y_pred) and len(y_pred) == count
        names = self._names_of(y_pred) if is_flat else self.output_names
        self._order = names if is_flat and count > 1 else None
        self._plain = self._groups("metrics", self.user_metrics, y_true, y_pred, names)
        self._weighted = self._groups("weighted_metrics", self.user_weighted, y_true, y_pred, names)
        self.built = True

    def _names_of(self, y_pred: Any) -> list[str] | None:
        """The names of outputs that don't nest: a dict's keys, in the order of the model's outputs if it has names."""
        names = self.output_names
        if not isinstance(y_pred, dict) or (names and set(y_pred) == set(names)):
            return names
        return [path[0] for path, _ in tree.flatten_with_path(y_pred)]

    def _groups(self, argument: str, given: Any, y_true: Any, y_pred: Any, names: list[str] | None) -> list:
        """For each output its metrics, or None."""
        flat = tree.flatten(y_pred)
        count = len(flat)
        if not given:
            return [None] * count
        if count == 1:
            return [_OutputMetrics(tree.flatten(given), tree.flatten(y_true)[0], flat[0], None)]
        per_output = None
        if tree.is_nested(y_pred) and len(y_pred) == count:
            if isinstance(given, list | tuple) and len(given) == count:
                per_output = given
            elif isinstance(given, dict) and names and set(given) <= set(names):
                per_output = [given.get(name) for name in names]
        labels: Any = names or [None] * count
        try:
            if per_output is not None:
                columns = (per_output, self._flat(y_true), self._flat(y_pred), labels)
                return [_group(*row) for row in zip(*columns, strict=True)]
            outputs, *others = map(tree.lists_to_tuples, (y_pred, given, y_true))
            packed = tree.pack_sequence_as(outputs, labels)
            _check_follows(outputs, others[0], ())
            return tree.flatten(tree.map_structure_up_to(outputs, _group, others[0], others[1], outputs, packed))
        except (ValueError, TypeError, KeyError, IndexError) as error:
            shown = tree.map_structure(lambda _: "X", y_pred)
            by_name = (
                f"be a dict or a list matching the output names {self.output_names} or " if self.output_names else ""
            )
            raise ValueError(
                f"{error}\nInvalid `{argument}`. `{argument}` should contain metrics objects and {by_name}match the "
                f"output structure of the model: {shown}.\nReceived: {argument}={given}"
            ) from error

    def _flat(self, y: Any) -> list:
        if isinstance(y, dict) and self._order is not None:
            return [y[name] for name in self._order]
        return tree.flatten(y)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Adds a batch."""
        if not self.built:
            self.build(y_true, y_pred)
        flat_true, flat_pred = self._flat(y_true), self._flat(y_pred)
        weights = [None] if sample_weight is None else self._flat(sample_weight)
        if len(weights) < len(flat_true):
            weights = weights[:1] * len(flat_true)
        for group, y_t, y_p in zip(self._plain, flat_true, flat_pred, strict=False):
            for m in group.metrics if group else ():
                m.update_state(y_t, y_p)
        for group, y_t, y_p, w in zip(self._weighted, flat_true, flat_pred, weights, strict=False):
            for m in group.metrics if group else ():
                m.update_state(y_t, y_p, sample_weight=w)

    def reset_state(self) -> None:
        """Starts all anew."""
        for m in self.metrics:
            m.reset_state()

    def result(self) -> dict[str, Any]:
        """Values by name: `accuracy`, or `output_accuracy` where there are several outputs."""
        if not self.built:
            raise ValueError("Cannot get result() since the metric has not yet been built.")
        results: dict[str, Any] = {}
        for again, groups in (("", self._plain), ("weighted_", self._weighted)):
            for group in filter(None, groups):
                for m in group.metrics:
                    name = f"{group.prefix}{m.name}"
                    if name in results and again:
                        name = f"{group.prefix}{again}{m.name}"
                    base, n = name, 0
                    while name in results:
                        n += 1
                        name = f"{base}_{n}"
                    results[name] = m.result()
        return results


def _group(given: Any, y_true: Any, y_pred: Any, output_name: str | None) -> _OutputMetrics | None:
    return None if given is None else _OutputMetrics(given, y_true, y_pred, output_name)


def _check_follows(outputs: Any, given: Any, path: tuple) -> None:
    """Raises a ValueError where metrics don't have the outputs' structure; below an output there may be a list."""
    if not tree.is_nested(outputs):
        return
    same = isinstance(given, dict) if isinstance(outputs, dict) else isinstance(given, tuple)
    keys = list(outputs) if isinstance(outputs, dict) else list(range(len(outputs)))
    if not same or len(given) != len(keys) or any(isinstance(given, dict) and k not in given for k in keys):
        where = "/".join(map(str, path)) or "the top"
        raise ValueError(
            f"At {where} the outputs are {tree.map_structure(lambda _: 'X', outputs)}, the metrics {given}."
        )
    for key in keys:
        _check_follows(outputs[key], given[key], (*path, key))
