"""Builds whatever isn't built before a loop starts: the model, its losses, its metrics, its optimiser.

Shapes are enough, so nothing is computed. Only where steps run as plain Python, the first batch itself goes through, for
what a user debugs may need values.
"""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from jaxnn import doctor
from jaxnn.core import tree
from jaxnn.core.graph import KerasTensor, compute_output_spec
from jaxnn.core.scope import StatelessScope
from jaxnn.training.data import ArrayPlan


def build_for(model: Any, plan: Any) -> None:
    """Builds a compiled model and what it was compiled with, from a plan's first batch.

    Raises:
        ValueError: for data that doesn't fit the model or its losses.
        RuntimeError: if the model can't be built from shapes.
    """
    metrics_unbuilt = model._compile_metrics is not None and not model._compile_metrics.built
    loss_unbuilt = model._compile_loss is not None and not model._compile_loss.built
    if not _is_built(model) or metrics_unbuilt or loss_unbuilt:
        plan.discard()
        run = _run if model.run_eagerly else compute_output_spec
        x, y, weight = _batch(plan, model.run_eagerly)
        y_pred = _outputs(model, x, run)
        doctor.check_targets(model, y, y_pred)
        if metrics_unbuilt:
            run(model.compute_metrics, x, y, y_pred, sample_weight=weight)
        if loss_unbuilt:
            run(model._compute_loss, x, y, y_pred, sample_weight=weight, training=False)
    if model.optimizer is not None and not model.optimizer.built:
        model.optimizer.build(model.trainable_variables)


def build_by_call(model: Any, plan: Any) -> None:
    """Builds a model that need not be compiled."""
    if not _is_built(model):
        x, _, _ = _batch(plan, model.run_eagerly)
        _outputs(model, x, _run if model.run_eagerly else compute_output_spec)


def _is_built(model: Any) -> bool:
    return all(layer.built for layer in model._flatten_layers())


def _batch(plan: Any, values: bool) -> tuple:
    """The first batch: symbols of its shapes, or values; of a stream, whose batches come once, zeros."""
    example = plan.example()
    if not values:
        return tree.map_structure(lambda x: None if x is None else KerasTensor(x.shape, dtype=x.dtype), example)
    if isinstance(plan, ArrayPlan):
        return tree.map_structure(
            lambda spec, x: None if spec is None else jnp.asarray(x[: spec.shape[0]], spec.dtype), example, plan.given
        )
    return tree.map_structure(lambda spec: None if spec is None else jnp.zeros(spec.shape, spec.dtype), example)


def _run(function: Any, *args: Any, **kwargs: Any) -> Any:
    """The function's outputs on values; what it writes into variables is forgotten."""
    with StatelessScope():
        return function(*args, **kwargs)


def _outputs(model: Any, x: Any, run: Any) -> Any:
    kwargs = {"training": False} if model._call_has_training_arg else {}
    try:
        return run(model, x, **kwargs)
    except ValueError:
        raise
    except Exception as error:
        raise RuntimeError(
            "Unable to automatically build the model. Please build it yourself before calling fit/evaluate/predict. "
            "A model is 'built' when its variables have been created and its `self.built` attribute is True. "
            f"Usually, calling the model on a batch of data is the right way to build it.\nException encountered:\n"
            f"'{error}'"
        ) from error
