"""Variable: a named array that looks mutable. Scopes (`core/scope.py`) make code that uses it pure.

To JAX a Variable is a one-way pytree: it flattens to its current array and comes back as *the array*. So
`jnp.matmul(x, self.kernel)`, `jax.grad(f)(variable)` and optax take it as it is, inside scopes and out. Where a bare
`jax.lax` primitive wants an array, write `variable.value`.

While `fit` runs, the truth lies in the loop's state and not here: the Variable holds a *lease*, asks it for the current
array when somebody reads, and tells it when somebody assigns. Nobody pays when nobody looks.
"""

from __future__ import annotations

from typing import Any, Protocol

import jax
import jax.core
import jax.numpy as jnp
import numpy as np

from jaxnn.core import registry
from jaxnn.core.as_array import AsArray
from jaxnn.core.dtypes import is_float_dtype, standardize_dtype
from jaxnn.core.naming import auto_name, check_name, current_path
from jaxnn.core.scope import autocast_dtype, current_scope
from jaxnn.core.sparse import dense, is_bcoo
from jaxnn.core.tracking import count_change
from jaxnn.core.types import Array

_AGGREGATIONS = (None, "none", "mean", "sum", "only_first_replica")
_SYNCHRONIZATIONS = (None, "none", "on_read", "on_write", "auto")
_LARGE = 1 << 24  # bytes


class Lease(Protocol):
    """What a running loop answers about the Variables whose arrays it holds."""

    def current(self, variable: Variable) -> Array:
        """A copy of the variable's array in the running state."""

    def assigned(self, variable: Variable) -> None:
        """Notes that the variable was written; the loop takes the value up before its next chunk."""


class Variable(AsArray):
    """A named array with a fixed shape and dtype.

    Args:
        initializer: an array, or a function (or the name of one) called as `initializer(shape, dtype=dtype)`.
        shape: needed when `initializer` is a function.
        dtype: a dtype name; None is `floatx()`, or the array's own.
        trainable: whether optimisers move it.
        autocast: whether a layer of another compute dtype reads it in that dtype.
        aggregation: how replicas are combined: "none", "mean", "sum" or "only_first_replica".
        synchronization: accepted as in Keras.
        name: without a slash.

    Raises:
        ValueError: for an initializer without a shape, an unknown dtype, a name with a slash; in `assign`, for
            another shape.

    Example:
        >>> v = Variable("zeros", shape=(2,), name="bias")
        >>> _ = v.assign([1.0, 2.0])
        >>> v.numpy()
        array([1., 2.], dtype=float32)

    Source: `keras.Variable`.
    """

    def __init_subclass__(cls, **kwargs: Any):
        super().__init_subclass__(**kwargs)
        _register_pytree(cls)

    def __init__(
        self,
        initializer: Any,
        shape: Any = None,
        dtype: Any = None,
        trainable: bool = True,
        autocast: bool = True,
        aggregation: str | None = "none",
        synchronization: str | None = "auto",
        name: str | None = None,
        layout: Any = None,
        **kwargs: Any,
    ):
        self._name = check_name(name or auto_name(type(self).__name__))
        if aggregation not in _AGGREGATIONS:
            raise ValueError(
                "Invalid value for argument `aggregation`. Expected one of `None`, `'none'`, `'mean'`, `'sum'`, "
                f"`'only_first_replica'`. Received: aggregation={aggregation}"
            )
        if synchronization not in _SYNCHRONIZATIONS:
            raise ValueError(
                "Invalid value for argument `synchronization`. Expected one of `None`, `'none'`, `'on_read'`, "
                f"`'on_write'`, `'auto'`. Received: synchronization={synchronization}"
            )
        scope_path = current_path()
        self._path = f"{scope_path}/{self._name}" if scope_path else self._name
        self._trainable = bool(trainable)
        self._autocast = bool(autocast)
        self._aggregation = aggregation or "none"
        self._synchronization = synchronization or "none"
        self._layout = layout
        self._regularizer: Any = None
        self._constraint: Any = None
        self._overwrite_with_gradient = False
        self._lease: Lease | None = None
        if isinstance(initializer, str):
            initializer = registry.get("initializers", initializer)
        self._initializer = initializer if callable(initializer) else None
        self._value = self._first_value(initializer, shape, dtype)
        self._shape = tuple(self._value.shape)
        self._dtype = standardize_dtype(self._value.dtype)

    def _first_value(self, initializer: Any, shape: Any, dtype: Any) -> Any:
        if not callable(initializer):
            if current_scope() is not None:
                raise ValueError(
                    "You are attempting to create a variable while in a stateless scope. This is disallowed. Create "
                    "it in `__init__()` or `build()`, with `self.add_weight(shape=..., initializer=...)`."
                )
            dtype = None if dtype is None else standardize_dtype(dtype)
            return _owned(initializer, dtype or _own_dtype(initializer))
        if shape is None:
            raise ValueError(
                "When creating a Variable from an initializer, the `shape` argument should be specified. "
                f"Received: initializer={initializer} and shape={shape}"
            )
        shape = self._validate_shape(shape)
        dtype = standardize_dtype(dtype)
        # a weight born while JAX traces is a real array all the same; `ensure_compile_time_eval` would fold a large
        # draw's counters, twice the weight's bytes, into a program that JAX keeps
        with jax.core.eval_context():
            value = initializer(shape, dtype=dtype)
            if getattr(value, "nbytes", 0) > _LARGE:
                jax.block_until_ready(value)  # a draw takes several times its bytes: one at a time
            return value if isinstance(value, np.ndarray) and value.dtype == dtype else _owned(value, dtype)

    def _validate_shape(self, shape: Any) -> tuple[int, ...]:
        shape = (shape,) if isinstance(shape, int | np.integer) else tuple(shape)
        if None in shape:
            raise ValueError(
                "Shapes used to initialize variables must be fully-defined (no `None` dimensions). "
                f"Received: shape={shape} for variable path='{self._path}'"
            )
        return tuple(int(d) for d in shape)

    # --- reading and writing -----------------------------------------------------------------------------------------

    @property
    def value(self) -> Array:
        """The current array: the scope's, the running loop's, or its own; in a layer's compute dtype inside its call."""
        scope = current_scope()
        value = None if scope is None else scope.read(self)
        if value is None:
            value = self._stored()
        dtype = autocast_dtype()
        if dtype is not None and self._autocast and value.dtype != dtype and is_float_dtype(self._dtype):
            value = value.astype(dtype)
        return value

    def _stored(self) -> Array:
        """The array outside all scopes. It goes to the device on the first read, so that building needs no device."""
        if self._lease is not None:
            return self._lease.current(self)
        if isinstance(self._value, np.ndarray):
            with jax.ensure_compile_time_eval():
                self._value = jax.device_put(self._value)
        return self._value

    def _outside(self, scope: Any) -> Any:
        """The value as it stands outside one scope."""
        value = None if scope.outer is None else scope.outer.read(self)
        return self._stored() if value is None else value

    def _as_scope_value(self, value: Any) -> Any:
        """A value that a scope may hold for this variable: an array of its shape and dtype."""
        if isinstance(value, Variable):
            value = value.value
        if not isinstance(value, jax.Array):
            value = jnp.asarray(dense(value) if is_bcoo(value) else value, dtype=self._dtype)
        elif value.dtype != self._dtype:
            value = value.astype(self._dtype)
        if value.shape != self._shape:
            raise ValueError(
                "Invalid variable value in StatelessScope: all values in argument `mapping` must be tensors with a "
                f"shape that matches the corresponding variable shape. For variable {self._path} of shape "
                f"{self._shape}, received a value of shape {value.shape}."
            )
        return value

    def assign(self, value: Any) -> Any:
        """Sets the value. Arrays of the caller are copied.

        Raises:
            ValueError: if the shape differs.
            UnexpectedTracerError: in a function that JAX traces, outside all scopes: the value couldn't be kept.
        """
        scope = current_scope()
        if scope is not None:
            value = jnp.asarray(value.value if isinstance(value, Variable) else value, dtype=self._dtype)
        else:
            value = _owned(value, self._dtype)
            if isinstance(value, jax.core.Tracer):
                raise jax.errors.UnexpectedTracerError(
                    f"Variable '{self._path}' was assigned in a function that JAX traces, which can't keep the value. "
                    "Use the pure form, which returns it: y, state = layer.apply(params, state, x, training=True)."
                )
        if tuple(value.shape) != self._shape:
            raise ValueError(
                "The shape of the target variable and the shape of the target value in `variable.assign(value)` must "
                f"match. variable.shape={self._shape}, Received: value.shape={tuple(value.shape)}. "
                f"Target variable: '{self._path}'"
            )
        if scope is not None:
            scope.add_update((self, value))
        else:
            self._value = value
            if self._lease is not None:
                self._lease.assigned(self)
        return value

    def assign_add(self, value: Any) -> Any:
        """Adds to the value."""
        return self.assign(self + value)

    def assign_sub(self, value: Any) -> Any:
        """Subtracts from the value."""
        return self.assign(self - value)

    def numpy(self) -> np.ndarray:
        """A NumPy copy of the value."""
        return np.array(self.value)

    # --- what it is --------------------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """The last part of the path, such as 'kernel'."""
        return self._name

    @property
    def path(self) -> str:
        """Where it was born, such as 'sequential/dense/kernel'."""
        return self._path

    @property
    def shape(self) -> tuple[int, ...]:
        """A tuple of ints."""
        return self._shape

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return len(self._shape)

    @property
    def size(self) -> int:
        """The number of entries."""
        return int(np.prod(self._shape))

    @property
    def dtype(self) -> str:
        """The dtype's name: the stored one, or the compute dtype inside a layer's call."""
        cast = autocast_dtype()
        return cast if cast is not None and self._autocast and is_float_dtype(self._dtype) else self._dtype

    @property
    def trainable(self) -> bool:
        """Whether optimisers move it."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = bool(value)
        count_change()

    @property
    def autocast(self) -> bool:
        """Whether it is read in the compute dtype of the layer around."""
        return self._autocast

    @property
    def aggregation(self) -> str:
        """How replicas are combined."""
        return self._aggregation

    @property
    def synchronization(self) -> str:
        """As given."""
        return self._synchronization

    @property
    def constraint(self) -> Any:
        """A function of the value that optimisers apply after each update, or None."""
        return self._constraint

    @constraint.setter
    def constraint(self, value: Any) -> None:
        self._constraint = _callable_or_none("constraint", value)

    @property
    def regularizer(self) -> Any:
        """A function of the value that is added to the loss, or None."""
        return self._regularizer

    @regularizer.setter
    def regularizer(self, value: Any) -> None:
        self._regularizer = _callable_or_none("regularizer", value)

    @property
    def overwrite_with_gradient(self) -> bool:
        """Whether the optimiser replaces the value by its gradient (float8 scales)."""
        return self._overwrite_with_gradient

    @overwrite_with_gradient.setter
    def overwrite_with_gradient(self, value: bool) -> None:
        if not isinstance(value, bool):
            raise TypeError(f"`overwrite_with_gradient` must be a boolean. Received: {value}")
        self._overwrite_with_gradient = value

    def __repr__(self) -> str:
        value = self.value
        shown = "" if isinstance(value, jax.core.Tracer) else f", value={np.asarray(value)}"
        return f"<Variable path={self.path}, shape={self.shape}, dtype={self.dtype}{shown}>"

    # --- copies and pickles carry the array, never a lease -------------------------------------------------------------

    def __getstate__(self) -> dict[str, Any]:
        state = dict(self.__dict__)
        state["_value"], state["_lease"] = np.array(self._stored()), None
        return state

    def __deepcopy__(self, memo: dict) -> Variable:
        import copy

        twin = object.__new__(type(self))
        memo[id(self)] = twin
        twin.__dict__.update(copy.deepcopy(self.__getstate__(), memo))
        return twin


def _own_dtype(value: Any) -> str:
    """The dtype of a variable made from a value without one: its own; Python numbers and float64 become floatx."""
    if hasattr(value, "dtype"):
        return standardize_dtype(jax.dtypes.canonicalize_dtype(value.dtype))
    return standardize_dtype(jax.dtypes.canonicalize_dtype(jnp.result_type(jnp.asarray(value))))


def _owned(value: Any, dtype: str) -> Any:
    """The value as an array that nobody else can change: JAX arrays as they are, all else copied on the host."""
    if isinstance(value, Variable):
        value = value.value
    if is_bcoo(value):
        value = dense(value)
    if isinstance(value, jax.Array):
        return value if value.dtype == dtype else value.astype(dtype)
    return np.array(value, dtype=jnp.dtype(dtype))


def _callable_or_none(argument: str, value: Any) -> Any:
    if value is not None and not callable(value):
        raise ValueError(
            f"Invalid value for attribute `{argument}`. Expected a callable (such as a "
            f"`keras.{argument}s.{argument.capitalize()}` instance) or `None`. Received: {argument}={value}"
        )
    return value


def _register_pytree(cls: type) -> None:
    """Flattens to the current array; unflattens to whatever array JAX puts there."""
    jax.tree_util.register_pytree_node(cls, lambda v: ((v.value,), None), lambda _, children: children[0])


_register_pytree(Variable)
registry.export("")(Variable)
