"""WeightOwner: an Owner that makes weights, in its dtype and under its path, and gives, takes and saves their values."""

from __future__ import annotations

from typing import Any

import numpy as np

from jaxnn.core import dtypes, registry
from jaxnn.core.naming import current_path, name_scope
from jaxnn.core.owner import Owner
from jaxnn.core.policy_map import DTypePolicyMap
from jaxnn.core.variable import Variable


class WeightOwner(Owner):
    """What a Layer is before it is called: weights of its own, with a dtype and a name."""

    name: str
    built: bool
    _dtype_policy: dtypes.DTypePolicy
    _path: str | None
    _parent_path: str | None

    # --- making ------------------------------------------------------------------------------------------------------

    def add_weight(
        self,
        *args: Any,
        shape: Any = None,
        initializer: Any = None,
        dtype: Any = None,
        trainable: bool = True,
        autocast: bool = True,
        regularizer: Any = None,
        constraint: Any = None,
        aggregation: str = "none",
        overwrite_with_gradient: bool = False,
        name: str | None = None,
    ) -> Variable:
        """Makes a Variable that belongs to this layer.

        Args:
            *args: shape, initializer and dtype may be given in this order.
            shape: a tuple of ints; () for a scalar.
            initializer: a name, an object or a function `(shape, dtype)`; None is "glorot_uniform" for floats and
                "zeros" else.
            dtype: None is the layer's variable dtype.
            trainable: whether the gradient moves it.
            autocast: whether it is read in the compute dtype.
            regularizer: added to the loss.
            constraint: applied after each update.
            aggregation: of replicas.
            overwrite_with_gradient: whether the gradient replaces it.
            name: such as "kernel".
        """
        self._check_super_called()
        if args and isinstance(args[0], str):
            raise ValueError(
                f"`name` must be passed as a keyword argument. Received: add_weight('{args[0]}', ...). "
                f"Use: add_weight(shape=..., name='{args[0]}')."
            )
        given = {"shape": shape, "initializer": initializer, "dtype": dtype}
        if len(args) > 3:
            raise TypeError(f"add_weight() takes at most 3 positional arguments but {len(args)} were given.")
        for key, value in zip(given, args, strict=False):
            if given[key] is not None:
                raise ValueError(f"`{key}` was passed both positionally and as a keyword argument.")
            given[key] = value
        shape, initializer, dtype = given.values()
        dtype = self.variable_dtype if dtype is None else dtypes.standardize_dtype(dtype)
        if initializer is None:
            initializer = "glorot_uniform" if "float" in dtype else "zeros"
        initializer = registry.get("initializers", initializer)
        with self._name_scope():
            variable = Variable(
                initializer,
                shape=() if shape is None else shape,
                dtype=dtype,
                trainable=trainable,
                autocast=autocast,
                aggregation=aggregation,
                name=name,
            )
        variable.regularizer = registry.get("regularizers", regularizer)
        variable.constraint = registry.get("constraints", constraint)
        variable.overwrite_with_gradient = overwrite_with_gradient
        self._track_variable(variable)
        return variable

    def add_variable(self, shape: Any, initializer: Any, **kwargs: Any) -> Variable:
        """Another name for `add_weight`."""
        return self.add_weight(shape=shape, initializer=initializer, **kwargs)

    # --- in which dtype, under which path ----------------------------------------------------------------------------

    @property
    def dtype_policy(self) -> dtypes.DTypePolicy:
        """Which dtype the weights have and which the arithmetic."""
        return self._dtype_policy

    @dtype_policy.setter
    def dtype_policy(self, value: Any) -> None:
        policy, held = dtypes.get(value), self._dtype_policy
        if isinstance(held, DTypePolicyMap) and self._path:
            if self._path in held:
                del held[self._path]
            held[self._path] = policy
        else:
            self._dtype_policy = policy

    @property
    def dtype(self) -> str:
        """The weights' dtype."""
        return self.variable_dtype

    @property
    def variable_dtype(self) -> str:
        """The weights' dtype."""
        return self._dtype_policy.of(self._path).variable_dtype

    @property
    def compute_dtype(self) -> str:
        """The dtype of the arithmetic and the output."""
        return self._dtype_policy.of(self._path).compute_dtype

    @property
    def input_dtype(self) -> str:
        """The dtype that float inputs are cast to."""
        return self.compute_dtype

    @property
    def path(self) -> str | None:
        """Where the layer was built, such as 'sequential/dense'."""
        return self._path

    def _name_scope(self) -> Any:
        if self._parent_path is None:
            self._parent_path = current_path()
        return name_scope(self.name, override_parent=self._parent_path)

    # --- their values ------------------------------------------------------------------------------------------------

    def get_weights(self) -> list[np.ndarray]:
        """The weights as NumPy copies."""
        return [v.numpy() for v in self.weights]

    def set_weights(self, weights: list) -> None:
        """Sets the weights from a list in the order of `get_weights`.

        Raises:
            ValueError: if the number or a shape differs.
        """
        own = self.weights
        if len(own) != len(weights):
            raise ValueError(
                f"You called `set_weights(weights)` on layer '{self.name}' with a weight list of length {len(weights)}, "
                f"but the layer was expecting {len(own)} weights."
            )
        for variable, value in zip(own, weights, strict=True):
            if variable.shape != np.shape(value):
                raise ValueError(
                    f"Layer {self.name} weight shape {variable.shape} is not compatible with provided weight shape "
                    f"{np.shape(value)}."
                )
            variable.assign(value)

    def count_params(self) -> int:
        """The number of scalars in the weights.

        Raises:
            ValueError: if the layer isn't built.
        """
        if not self.built:
            raise ValueError(
                f"You tried to call `count_params` on layer '{self.name}', but the layer isn't built. You can build it "
                "manually via: `layer.build(input_shape)`."
            )
        return sum(v.size for v in self.weights)

    def save_own_variables(self, store: Any) -> None:
        """Puts the layer's own weights into a store, as "0", "1", ..."""
        for i, v in enumerate(self._own_weights()):
            store[f"{i}"] = v.numpy()

    def load_own_variables(self, store: Any) -> None:
        """Takes them out again.

        Raises:
            ValueError: if their number differs.
        """
        own = self._own_weights()
        if len(store.keys()) != len(own):
            if not own and not self.built:
                raise ValueError(
                    f"Layer '{self.name}' was never built and thus it doesn't have any variables. However the weights "
                    f"file lists {len(store.keys())} variables for this layer. Build it first: call the model on data, "
                    "and let `build()` of the layer around it build this one."
                )
            raise ValueError(
                f"Layer '{self.name}' expected {len(own)} variables, but received {len(store.keys())} variables during "
                f"loading. Expected: {[v.name for v in own]}"
            )
        for i, v in enumerate(own):
            v.assign(store[f"{i}"])
