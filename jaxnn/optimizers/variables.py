"""What an optimiser remembers: Variables of its own, and the slots beside each of the model's."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np

from jaxnn import initializers
from jaxnn.core.naming import current_path, name_scope
from jaxnn.core.variable import Variable


class VariableOwner:
    """Makes, tracks, saves and loads an optimiser's Variables. `name` and `built` are the optimiser's."""

    name: str
    built: bool
    _variables: list[Variable]

    @property
    def variables(self) -> list[Variable]:
        """All its variables: iteration, learning_rate (unless it is a schedule), then the slots. Files keep this order."""
        return self._variables[:]

    def add_variable(
        self,
        shape: Sequence[int],
        initializer: Any = "zeros",
        dtype: str | None = None,
        aggregation: str = "none",
        layout: Any = None,
        name: str | None = None,
    ) -> Variable:
        """Adds a variable of its own.

        Args:
            shape: without None.
            initializer: a name, an initializer, or a function `(shape, dtype=...)`.
            dtype: None is `floatx()`.
            aggregation: how replicas are combined.
            layout: how the variable is spread over devices.
            name: without a slash.
        """
        self._check_super_called()
        with self._scope():
            variable = Variable(
                initializers.get(initializer),
                shape=shape,
                dtype=dtype,
                trainable=False,
                aggregation=aggregation,
                layout=layout,
                name=name,
            )
        self._variables.append(variable)
        return variable

    def add_variable_from_reference(
        self, reference_variable: Variable, name: str | None = None, initializer: Any = "zeros"
    ) -> Variable:
        """Adds a slot: a variable of the same shape and dtype as a model's, named `<its path>_<name>`."""
        path = getattr(reference_variable, "path", None) or str(reference_variable.name).replace(":", "_")
        return self.add_variable(
            reference_variable.shape,
            initializer,
            reference_variable.dtype,
            name=f"{path.replace('/', '_')}_{name or 'var'}",
            layout=getattr(reference_variable, "_layout", None),
        )

    def add_optimizer_variables(
        self, trainable_variables: Iterable[Variable], name: str | Sequence[str], initializer: Any = "zeros"
    ) -> Any:
        """A slot for each variable: a list of them, or for several names a tuple of lists.

        The slots of one variable stand together. A variable that its gradient overwrites gets None.

        Args:
            trainable_variables: the model's.
            name: one name or several.
            initializer: one for all names, or one for each.

        Raises:
            ValueError: if the numbers of names and initializers differ.
        """
        names = [name] if isinstance(name, str) else list(name)
        firsts = list(initializer) if isinstance(initializer, list | tuple) else [initializer] * len(names)
        if len(names) != len(firsts):
            raise ValueError(
                "The number of provided names must match the number of provided initializers. Received "
                f"name='{name}', initializer='{initializer}'"
            )
        columns: tuple[list, ...] = tuple([] for _ in names)
        for variable in trainable_variables:
            for column, slot, first in zip(columns, names, firsts, strict=True):
                skipped = self._overwrite_variable_with_gradient(variable)
                column.append(None if skipped else self.add_variable_from_reference(variable, slot, first))
        return columns[0] if isinstance(name, str) else columns

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Sets its variables, in the order of `variables`.

        Raises:
            ValueError: if it was not built, or a shape differs.
        """
        if not self.built:
            raise ValueError(
                "You are calling `set_weights()` on an optimizer that has not yet been built. Please call "
                "`optimizer.build(trainable_variables)` to create the optimizer weights before calling `set_weights()`."
            )
        for variable, weight in zip(self.variables, weights, strict=False):
            if tuple(variable.shape) != tuple(np.shape(weight)):
                raise ValueError(
                    f"Optimizer variable {variable.path} has shape {variable.shape} not compatible with provided weight "
                    f"shape {np.shape(weight)}."
                )
            variable.assign(weight)

    def save_own_variables(self, store: dict[str, Any]) -> None:
        """Puts its variables into a dict-like store under "0", "1", ..."""
        for i, variable in enumerate(self.variables):
            store[str(i)] = variable.numpy()

    def load_own_variables(self, store: dict[str, Any]) -> None:
        """Takes its variables from a store; if their number differs, it takes none and warns."""
        variables = self.variables
        if len(store.keys()) != len(variables):
            hint = "" if variables else "This is likely because the optimizer has not been called/built yet."
            warnings.warn(
                f"Skipping variable loading for optimizer '{self.name}', because it has {len(variables)} variables "
                f"whereas the saved optimizer has {len(store.keys())} variables. {hint}",
                stacklevel=2,
            )
            return
        for i, variable in enumerate(variables):
            variable.assign(store[str(i)])

    def _scope(self) -> AbstractContextManager:
        """Variables born inside have the optimiser's name in their path, once."""
        return nullcontext() if current_path().split("/")[-1] == self.name else name_scope(self.name, caller=self)

    def _overwrite_variable_with_gradient(self, variable: Any) -> bool:
        return getattr(variable, "overwrite_with_gradient", False)

    def __setattr__(self, name: str, value: Any) -> None:
        self._check_super_called()
        self._track(value)
        super().__setattr__(name, value)

    def _check_super_called(self) -> None:
        if "_variables" not in vars(self):
            raise RuntimeError(
                f"In optimizer '{type(self).__name__}', you forgot to call `super().__init__()` as the first statement "
                "in the `__init__()` method. Go add it!"
            )

    def _track(self, value: Any) -> None:
        """Takes Variables, alone or in a list, into `variables`."""
        found = [x for x in (value if isinstance(value, list | tuple) else (value,)) if isinstance(x, Variable)]
        if found:
            known = {id(v) for v in self._variables}
            self._variables.extend(v for v in found if id(v) not in known)
