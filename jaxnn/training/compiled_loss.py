"""What `compile(loss=..., loss_weights=...)` means, worked out once the model's outputs are known.

A user gives one loss, or lists and dicts of them that follow the outputs, as deeply as those nest. `CompileLoss` matches
them with the outputs, resolves "crossentropy" by the shapes, and then is one loss.

Source: https://keras.io/api/models/model_training_apis/#compile-method
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax.numpy as jnp

from jaxnn import losses, metrics
from jaxnn.core import check, tree
from jaxnn.core.config import floatx
from jaxnn.core.graph import KerasTensor
from jaxnn.core.naming import snake_case
from jaxnn.core.variable import Variable

_CROSSENTROPY = {
    "binary": losses.binary_crossentropy,
    "sparse": losses.sparse_categorical_crossentropy,
    "categorical": losses.categorical_crossentropy,
}


def shape_family(y_true: Any, y_pred: Any) -> str:
    """Which accuracy or cross-entropy fits the shapes: 'binary', 'sparse' (integer labels) or 'categorical' (one-hot)."""
    if y_pred.shape[-1] == 1:
        return "binary"
    sparse = len(y_true.shape) < len(y_pred.shape) or (y_true.shape[-1] == 1 and y_pred.shape[-1] > 1)
    return "sparse" if sparse else "categorical"


def name_of(obj: Any) -> str:
    """What a loss or metric is called in the logs."""
    return obj.name if hasattr(obj, "name") else getattr(obj, "__name__", None) or snake_case(type(obj).__name__)


def resolve_loss(identifier: Any, y_true: Any, y_pred: Any) -> Any:
    """A Loss for whatever the user gave; 'crossentropy' is chosen by the shapes."""
    if str(identifier).lower() in ("crossentropy", "ce"):
        loss = _CROSSENTROPY[shape_family(y_true, y_pred)]
    else:
        loss = losses.get(identifier)
    if isinstance(loss, losses.Loss):
        return loss
    name = identifier if isinstance(identifier, str) else name_of(loss)
    return losses.LossFunctionWrapper(loss, name=name)


class _Given(NamedTuple):
    """A loss and its weight as the user gave them: a leaf, though a tuple."""

    loss: Any
    weight: Any


class _Term(NamedTuple):
    """One loss, the path of the output it belongs to, its weight and its name in the logs."""

    path: tuple
    loss: Callable
    weight: Any
    name: str


class CompileLoss:
    """The weighted sum of the losses of all outputs.

    Args:
        loss: one loss, or a list or dict that follows the outputs; None for an output without one. A list for a single
            output is a sum of losses.
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
        given = _weighted(*self._in_order_of_outputs(y_pred))
        names = self._names_like(y_pred)
        if not _nested(given):
            given = tree.map_structure(lambda _: given, y_pred)
        self.terms = []
        self._match(y_true, y_pred, given, names, ())
        if len(self.terms) > 1:
            self.metrics = [metrics.Mean(name=f"{term.name}_loss") for term in self.terms]
        self._outputs, self._targets = (tree.map_structure(lambda _: None, y) for y in (y_pred, y_true))
        self.built = True

    def _in_order_of_outputs(self, y_pred: Any) -> tuple[Any, Any]:
        """Losses and weights; those of a dict by output name as a list, where the outputs themselves are no dict."""
        loss, weights, names = self.user_loss, self.user_weights, self.output_names
        if not (names and isinstance(loss, dict)) or isinstance(y_pred, dict):
            return loss, weights
        if set(names) != set(loss):
            unknown = next((k for k in loss if k not in names), None)
            hint = (
                check.nearest(str(unknown), names) if unknown is not None else " Give None for an output without one."
            )
            raise ValueError(f"Expected keys {names} in loss dict, but found loss.keys()={list(loss)}.{hint}")
        if isinstance(weights, dict):
            weights = [weights.get(name) for name in names]
        return [loss[name] for name in names], weights

    def _names_like(self, y_pred: Any) -> Any:
        """The names of the outputs in their structure: the model's, else those of symbolic tensors, else None."""
        flat = tree.flatten(y_pred)
        if self.output_names and len(self.output_names) == len(flat):
            return tree.pack_sequence_as(y_pred, self.output_names)
        symbolic = all(isinstance(x, KerasTensor) for x in flat)
        return tree.map_structure(_tensor_name if symbolic else lambda _: None, y_pred)

    def _match(self, y_true: Any, y_pred: Any, given: Any, names: Any, path: tuple) -> None:
        if not _nested(given):
            if given is not None:
                loss = resolve_loss(given.loss, y_true, y_pred)
                self.terms.append(_Term(path, loss, given.weight, _term_name(names, path, loss)))
            return
        outputs = len(tree.flatten(y_pred))
        if isinstance(given, list | tuple):
            flat = not any(map(_nested, given))
            if flat and tree.is_nested(y_pred) and len(given) == outputs:
                given = tree.pack_sequence_as(y_pred, given)
            elif not isinstance(y_pred, type(given)):
                for one in given:  # several losses of one output, or of one structure of outputs
                    self._match(y_true, y_pred, one, names, path)
                return
        if not _alike(given, y_pred):
            raise KeyError(
                f"The path: {path} in the `loss` argument, can't be found in the model's output (`y_pred`): that is "
                f"{_kind(y_pred)}, and the loss {_kind(given)}."
            )
        for key, one in given.items() if isinstance(given, dict) else enumerate(given):
            if one is None:
                continue
            if not (_has(y_pred, key) and _has(y_true, key)):
                raise KeyError(
                    f"The path: {(*path, key)} in the `loss` argument, can't be found in either the model's output "
                    "(`y_pred`) or in the labels (`y_true`)."
                )
            self._match(y_true[key], y_pred[key], one, names[key], (*path, key))

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """The total, or None if no output has a loss."""
        if tree.is_nested(y_pred) or tree.is_nested(y_true):
            y_true = self._aligned(y_true, y_pred)
        if not self.built:
            self.build(y_true, y_pred)
        y_pred, y_true = _packed_like(self._outputs, y_pred), _packed_like(self._targets, y_true)
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
        if _same_structure(y_pred, y_true):
            return y_true
        names = self.output_names or []
        if isinstance(y_true, dict) and isinstance(y_pred, list | tuple) and set(names) == set(y_true):
            y_true = [y_true[name] for name in names]
        count = len(tree.flatten(y_pred))
        if isinstance(y_true, list | tuple) and len(y_true) == count:
            return tree.pack_sequence_as(y_pred, y_true)  # a target may be a structure itself, if its loss takes one
        flat = tree.flatten(y_true)
        if len(flat) == count:
            return tree.pack_sequence_as(y_pred, flat)
        wanted = [i for i, loss in enumerate(tree.flatten(self.user_loss)) if loss is not None]
        if len(wanted) == len(flat):  # targets for the outputs that have a loss
            filled: list[Any] = [None] * count
            for i, value in zip(wanted, flat, strict=True):
                filled[i] = value
            return tree.pack_sequence_as(y_pred, filled)
        shown = [tree.map_structure(lambda _: "*", y) for y in (y_true, y_pred)]
        raise ValueError(
            f"y_true and y_pred have different structures.\ny_true: {shown[0]}\ny_pred: {shown[1]}\nGive a target for "
            "each output that has a loss, nested like the outputs."
        )


def _weighted(loss: Any, weights: Any) -> Any:
    """The structure of losses with a `_Given` at each leaf; None stays None."""
    if weights is None:
        weights = tree.map_structure(lambda _: None, loss)
    elif not _same_structure(loss, weights):
        flat, count = tree.flatten(weights), len(tree.flatten(loss))
        if len(flat) != count:
            raise ValueError(
                f"`loss_weights` must match the number of losses, got {count} losses and {len(flat)} weights. Give a "
                "number for each loss."
            )
        weights = tree.pack_sequence_as(loss, flat)
    return tree.map_structure(lambda one, weight: None if one is None else _Given(one, weight), loss, weights)


def _nested(given: Any) -> bool:
    return tree.is_nested(given) and not isinstance(given, _Given)


def _alike(given: Any, y_pred: Any) -> bool:
    kinds = (dict, list | tuple)
    return any(isinstance(given, kind) and isinstance(y_pred, kind) for kind in kinds)


def _kind(x: Any) -> str:
    return f"a {type(x).__name__}" if tree.is_nested(x) else "a tensor"


def _term_name(names: Any, path: tuple, loss: Any) -> str:
    """The name of an output in the logs: its path, whose last part is the output's name where it would be a number."""
    if not tree.is_nested(names):
        tail = loss.name if names is None else names
        if not path:
            path = (tail,)
        elif isinstance(path[-1], int):
            path = (*path[:-1], tail)
    elif not path:  # one loss of all outputs
        return "_".join(map(str, names if isinstance(names, dict) else tree.flatten(names)))
    return "/".join(map(str, path))


def _tensor_name(x: KerasTensor) -> str | None:
    history = getattr(x, "_keras_history", None)
    return history.operation.name if history and history.operation is not None else x.name


def _same_structure(a: Any, b: Any) -> bool:
    try:
        tree.assert_same_structure(a, b)
    except ValueError:
        return False
    return True


def _packed_like(structure: Any, y: Any) -> Any:
    return y if _same_structure(structure, y) else tree.pack_sequence_as(structure, tree.flatten(y))


def _has(y: Any, key: Any) -> bool:
    return key in y if isinstance(y, dict) else isinstance(y, list | tuple) and key < len(y)


def _at(path: tuple, y: Any) -> Any:
    for key in path:
        y = y[key]
    return y
