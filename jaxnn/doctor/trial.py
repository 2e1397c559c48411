"""A model's first steps, tried out on a copy."""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jaxnn.core import tree

PROBE = 256  # samples whose loss tells how a trial went
STEPS = 20


class Run(NamedTuple):
    """How a trial went.

    Attributes:
        before, after: the loss on the probe.
        failed: the number of the first step that left something not finite, from 1; 0 for none.
        good: the state before it.
        bad: the state after it.
        rows: the samples of its batch.
    """

    before: float
    after: float
    failed: int
    good: Any
    bad: Any
    rows: np.ndarray


class Trial:
    """A model's state and steps as pure functions.

    Args:
        model: a copy, compiled and built. Its variables are only read.
        arrays: `(x, y, sample_weight)`, on the host.
        batch_size: samples a step.
    """

    def __init__(self, model: Any, arrays: tuple, batch_size: int):
        self.model, self.arrays = model, arrays
        self.count = int(tree.flatten(arrays[0])[0].shape[0])
        self.batch_size = min(batch_size, self.count)
        self.variables = (
            model.trainable_variables, model.non_trainable_variables, model.optimizer.variables, model.metrics_variables,
        )  # fmt: skip
        self.state = tuple([v.value for v in group] for group in self.variables)
        rows = np.linspace(0, self.count - 1, min(PROBE, self.count)).astype(int)
        self.probe = self.batch(np.unique(rows))

    def batch(self, rows: np.ndarray) -> tuple:
        """These samples, of every array."""
        return tree.map_structure(lambda a: None if a is None else jnp.asarray(np.asarray(a[rows])), self.arrays)

    @functools.cached_property
    def gradients(self) -> tuple[float, list[np.ndarray]]:
        """The loss on the probe as in training, and its gradient for each trainable variable."""
        trainable, rest, slots, tracked = self.state

        def loss(values: Any, batch: tuple) -> Any:
            x, y, weight = batch
            options = {"training": True, "optimizer_variables": slots}
            return self.model.compute_loss_and_updates(values, rest, tracked, x, y, weight, **options)[1][0]

        value, grads = jax.jit(jax.value_and_grad(loss))(trainable, self.probe)
        return float(value), [np.asarray(g, np.float64) for g in grads]

    def run(self, factor: float = 1.0) -> Run:
        """Some steps at `factor` times the learning rate, until one of them leaves something not finite."""
        state, order = self._at(factor), np.random.RandomState(0)
        before = self._loss(state[:2])
        for step in range(STEPS):
            rows = np.sort(order.permutation(self.count)[: self.batch_size])
            new, finite = self._step(state, self.batch(rows))
            if not finite:
                return Run(before, float("nan"), step + 1, state, new, rows)
            state = new
        return Run(before, self._loss(state[:2]), 0, state, state, rows)

    @property
    def learning_rate(self) -> float | None:
        """The optimizer's; None where a schedule sets it."""
        return None if self._rate is None else float(self.state[2][self._rate])

    @functools.cached_property
    def _rate(self) -> int | None:
        rate = getattr(self.model.optimizer, "_learning_rate", None)
        return next((i for i, v in enumerate(self.variables[2]) if v is rate), None)

    def _at(self, factor: float) -> Any:
        trainable, rest, slots, tracked = self.state
        slots = [v * jnp.asarray(factor, v.dtype) if i == self._rate else v for i, v in enumerate(slots)]
        return trainable, rest, slots, tracked

    @functools.cached_property
    def _step(self) -> Any:
        @jax.jit
        def step(state: Any, batch: tuple) -> tuple[Any, Any]:
            logs, new = self.model.train_step(state, batch if batch[2] is not None else batch[:2])
            loss = logs.get("loss", 0.0) if isinstance(logs, dict) else 0.0
            floats = [v for v in (*new[0], loss) if jnp.issubdtype(jnp.asarray(v).dtype, jnp.floating)]
            return tuple(map(list, new)), jnp.stack([jnp.isfinite(v).all() for v in floats]).all()

        return step

    def _loss(self, values: Any) -> float:
        return float(self._probe_loss(values, self.probe))

    @functools.cached_property
    def _probe_loss(self) -> Any:
        tracked = self.state[3]

        @jax.jit
        def loss(values: Any, batch: tuple) -> Any:
            x, y, weight = batch
            return self.model.compute_loss_and_updates(*values, tracked, x, y, weight, training=False)[1][0]

        return loss
