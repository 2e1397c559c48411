"""The Metric object: totals in Variables that batches are added to, and a result read from them.

`update_state` and `result` look stateful, and a StatelessScope makes them pure functions of the variables: the training
loop carries the totals through its compiled epoch (`stateless_update_state`), and nothing is read on the host meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from jaxnn import initializers
from jaxnn.core import config, dtypes, registry, tree
from jaxnn.core.naming import auto_name, name_scope
from jaxnn.core.scope import StatelessScope
from jaxnn.core.variable import Variable


@registry.export("metrics", also=("keras.Metric",))
class Metric:
    """Base class of metrics. A subclass makes its totals in `__init__` and writes `update_state` and `result`.

    Args:
        dtype: the dtype (or policy) of the computation; None is `floatx()`.
        name: by default the class's name in snake case.

    Example:
        >>> class Largest(metrics.Metric):
        ...     def __init__(self, name="largest", **kwargs):
        ...         super().__init__(name=name, **kwargs)
        ...         self.so_far = self.add_weight(initializer="zeros", name="so_far")
        ...
        ...     def update_state(self, y_true, y_pred, sample_weight=None):
        ...         self.so_far.assign(ops.maximum(self.so_far, ops.max(y_pred)))
        ...
        ...     def result(self):
        ...         return self.so_far
        >>> largest = Largest()
        >>> largest.update_state(None, np.array([2.0, 1.0]))
        >>> float(largest.result())
        2.0

    Source: https://keras.io/api/metrics/base_metric/
    """

    def __init__(self, dtype: Any = None, name: str | None = None):
        self.name = name or auto_name(type(self).__name__)
        self._dtype_policy = dtypes.get(dtype or config.floatx())
        self._dtype = self._dtype_policy.compute_dtype
        self._variables: list[Variable] = []

    @property
    def dtype(self) -> str:
        """The name of the dtype that the metric computes in."""
        return self._dtype

    # --- what a subclass writes --------------------------------------------------------------------------------------

    def update_state(self, *args: Any, **kwargs: Any) -> None:
        """Adds a batch to the totals: what a subclass must implement, with `assign` on its variables."""
        raise NotImplementedError(f"{type(self).__name__} must implement `update_state`.")

    def result(self) -> Any:
        """The metric of all batches since the last reset, from the totals: what a subclass must implement."""
        raise NotImplementedError(f"{type(self).__name__} must implement `result`.")

    def reset_state(self) -> None:
        """Sets every total to 0; the training loop does so before each epoch and each evaluation."""
        for variable in self.variables:
            variable.assign(np.zeros(variable.shape, jnp.dtype(variable.dtype)))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Adds a batch and gives the result so far."""
        self._check_super_called()
        self.update_state(*args, **kwargs)
        return self.result()

    # --- the same as pure functions ----------------------------------------------------------------------------------

    def stateless_update_state(self, metric_variables: Sequence[Any], *args: Any, **kwargs: Any) -> list[Any]:
        """The values that `variables` have after a batch, from those before it; the metric itself stays as it is.

        Example:
            >>> mean = metrics.Mean()
            >>> [float(v) for v in mean.stateless_update_state([0.0, 0.0], np.array([1.0, 3.0]))]  # total, count
            [4.0, 2.0]
        """
        with _scope(self, metric_variables) as scope:
            self.update_state(*args, **kwargs)
        return _values(self, scope)

    def stateless_result(self, metric_variables: Sequence[Any]) -> Any:
        """The result at the given values of `variables`."""
        with _scope(self, metric_variables):
            return self.result()

    def stateless_reset_state(self) -> list[Any]:
        """The values that `variables` have after a reset."""
        with StatelessScope() as scope:
            self.reset_state()
        return _values(self, scope)

    # --- variables ---------------------------------------------------------------------------------------------------

    def add_variable(
        self, shape: Any, initializer: Any, dtype: Any = None, aggregation: str | None = "sum", name: str | None = None
    ) -> Variable:
        """A new total: a Variable that no optimiser moves.

        Args:
            shape: () for a number.
            initializer: the name of an initializer, usually "zeros", an initializer, or None for zeros.
            dtype: None is `floatx()`. Inside a layer that computes in 16 bits, totals keep their own dtype.
            aggregation: how replicas are combined.
            name: the last part of the variable's path.

        Raises:
            RuntimeError: if `super().__init__()` was not called first.
        """
        self._check_super_called()
        with name_scope(self.name.replace("/", ">"), caller=self):
            variable = Variable(
                initializers.get("zeros" if initializer is None else initializer),
                shape,
                dtype,
                trainable=False,
                autocast=False,
                aggregation=aggregation,
                synchronization="on_read",
                name=name,
            )
        self._variables.append(variable)
        return variable

    def add_weight(
        self, shape: Any = (), initializer: Any = None, dtype: Any = None, name: str | None = None
    ) -> Variable:
        """`add_variable` under its older name, for a number by default."""
        return self.add_variable(shape=shape, initializer=initializer, dtype=dtype, name=name)

    @property
    def variables(self) -> list[Variable]:
        """Its own variables, then those of the metrics among its attributes, in lists and dicts too."""
        attributes = [leaf for value in vars(self).values() for leaf in _leaves(value)]
        found = {id(x): x for x in attributes if isinstance(x, Variable)}
        for metric in attributes:
            if isinstance(metric, Metric):
                found.update((id(v), v) for v in metric.variables)
        return list(found.values())

    def _check_super_called(self) -> None:
        if "_variables" not in vars(self):
            raise RuntimeError("You forgot to call `super().__init__()` in the `__init__()` method. Go add it!")

    # --- config ------------------------------------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal metric."""
        return {"name": self.name, "dtype": self.dtype}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Metric:
        """The metric of a config."""
        return cls(**config)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"


def _leaves(value: Any) -> Iterator[Any]:
    """A value, or what a list, tuple, dict or set holds, however deep."""
    if isinstance(value, set | frozenset):
        yield from value
    else:
        yield from tree.flatten(value)


def _scope(metric: Metric, values: Sequence[Any]) -> StatelessScope:
    """A scope in which the metric's variables have the given values."""
    variables = metric.variables
    if len(values) != len(variables):
        raise ValueError(
            "Argument `metric_variables` must be a list of tensors corresponding 1:1 to "
            f"{type(metric).__name__}().variables. Received list with length {len(values)}, but expected "
            f"{len(variables)} variables."
        )
    return StatelessScope(zip(variables, values, strict=True))


def _values(metric: Metric, scope: StatelessScope) -> list[Any]:
    """What the metric's variables stand at when the scope closes; those it did not touch keep their own value."""
    values = ((v, scope.get_current_value(v)) for v in metric.variables)
    return [variable.value if value is None else value for variable, value in values]
