"""Model: a Layer that can be trained. A subclass writes `call`; `Model(inputs, outputs)` is the graph between two tensors."""

from __future__ import annotations

import inspect
import json
import warnings
from collections.abc import Callable
from typing import Any

from jaxnn import saving
from jaxnn.core import check, registry, tree
from jaxnn.core.graph import KerasTensor, compute_output_spec
from jaxnn.core.layer import Layer, default
from jaxnn.core.registry import export
from jaxnn.core.scope import current_scope
from jaxnn.models.compiled_call import NOT_COMPILED, CompiledCall
from jaxnn.models.graph_config import functional_from_config
from jaxnn.models.summary import print_summary
from jaxnn.saving.state_tree import give_state_tree, state_tree
from jaxnn.training.trainer import Trainer


@export("", also=("keras.models.Model",))
class Model(Trainer, Layer):
    """A network with `compile`, `fit`, `evaluate` and `predict`.

    Three ways to make one: `Sequential` for a stack, `Model(inputs, outputs)` for a graph, a subclass with a `call` for
    everything else.

    Args:
        *args: `inputs, outputs`: symbolic tensors, or lists, tuples and dicts of them; none for a subclass.
        **kwargs: the same by name; `name`, without a slash; `trainable`, whether the gradient moves the weights.

    Example:
        >>> x = Input((8,))
        >>> model = Model(x, Dense(1, activation="sigmoid")(x))
        >>> model.compile("sgd", "binary_crossentropy", metrics=["accuracy"])

    Source: https://keras.io/api/models/model/
    """

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        if cls is Model and is_functional_call(args, kwargs):
            from jaxnn.models.functional import Functional

            return Layer.__new__(Functional, *args, **kwargs)
        return super().__new__(cls, *args, **kwargs)

    def __init__(self, *args: Any, **kwargs: Any):
        if is_functional_call(args, kwargs):  # `class M(Model): super().__init__(inputs=..., outputs=...)`
            from jaxnn.models.functional import make_functional

            make_functional(self, *args, **kwargs)
        else:
            Layer.__init__(self, *args, **kwargs)

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """The computation; subclasses override it."""
        raise NotImplementedError(f"Model {type(self).__name__} does not have a `call()` method implemented.")

    call._is_default = True  # type: ignore[attr-defined]

    # --- calling: compiled, once built -----------------------------------------------------------------------------------

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if len(args) == 1 and self.__dict__.get("built") and not self.run_eagerly and current_scope() is None:
            compiled = self.__dict__.get("_call_cache")
            if compiled is None:
                compiled = CompiledCall(self)
                object.__setattr__(self, "_call_cache", compiled)
            outputs = compiled(args[0], kwargs)
            if outputs is not NOT_COMPILED:
                return outputs
        return super().__call__(*args, **kwargs)

    def __getstate__(self) -> dict[str, Any]:
        """Copies and pickles leave compiled programs and a running `fit` behind."""
        state = super().__getstate__()
        for name in ("_call_cache", "_model_programs", "_quick_predictions", "_session"):
            state.pop(name, None)
        return {**state, "_paces": {}} if "_paces" in state else state

    # --- layers --------------------------------------------------------------------------------------------------------

    @property
    def layers(self) -> list[Layer]:
        """The layers directly inside."""
        return self._flatten_layers(include_self=False, recursive=False)

    @layers.setter
    def layers(self, _: Any) -> None:
        raise AttributeError("`Model.layers` attribute is reserved and should not be used. Please use another name.")

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """A layer by name or by place.

        Raises:
            ValueError: if there is none; the message names the nearest.
        """
        if index is not None and name is not None:
            raise ValueError(f"Provide only a layer name or a layer index. Received: index={index}, name={name}.")
        if index is not None:
            if len(self.layers) <= index:
                raise ValueError(
                    f"Was asked to retrieve layer at index {index} but model only has {len(self.layers)} layers."
                )
            return self.layers[index]
        if name is None:
            raise ValueError("Provide either a layer name or layer index at `get_layer`.")
        names = [layer.name for layer in self.layers]
        if name not in names:
            raise ValueError(f"No such layer: {name}. Existing layers are: {names}.{check.nearest(name, names)}")
        return self.layers[names.index(name)]

    def summary(
        self,
        line_length: int | None = None,
        positions: list[float] | None = None,
        print_fn: Callable[[str], Any] | None = None,
        expand_nested: bool = False,
        show_trainable: bool = False,
        layer_range: Any = None,
    ) -> None:
        """Prints the layers, their output shapes and the numbers of their parameters.

        Args:
            line_length: the table's width in characters.
            positions: where columns end, as shares of the width.
            print_fn: called with the text instead of printing it.
            expand_nested: whether to show the layers of inner models.
            show_trainable: whether to add a column.
            layer_range: two names (or patterns) between which to show layers.
        """
        print_summary(self, line_length, positions, print_fn, expand_nested, show_trainable, layer_range)

    # --- building and configs ------------------------------------------------------------------------------------------

    @default
    def build(self, input_shape: Any = None) -> None:
        """Builds a subclassed model by tracing `call` for input shapes (a shape, or a structure of shapes).

        Raises:
            ValueError: if `call` needs more than shapes.
        """
        self._check_super_called()
        if self.built or input_shape is None:
            return
        if any(not layer.built for layer in self._flatten_layers(include_self=False)):
            self._build_layers(input_shape)
        object.__setattr__(self, "_build_shapes_dict", {"input_shape": input_shape})
        self.built = True
        self._lock_state()

    def _build_layers(self, input_shape: Any) -> None:
        """Builds the layers inside by running `call` on shapes."""
        parameters = [p for n, p in self._call_parameters.items() if n not in ("training", "mask", "args", "kwargs")]
        if isinstance(input_shape, dict) and set(input_shape) <= {p.name for p in parameters}:
            arguments = {k: _symbols(s, self.input_dtype) for k, s in input_shape.items()}
        else:
            arguments = {parameters[0].name: _symbols(input_shape, self.input_dtype)} if parameters else {}
        if "training" in self._call_parameters:
            arguments["training"] = None
        try:
            with self._name_scope():
                compute_output_spec(self.call, **arguments)
        except Exception as error:
            raise ValueError(
                f"Model '{self.name}' can't be built from shapes alone: its `call` failed on {input_shape} with "
                f"{type(error).__name__}: {error}. Call the model on a batch of data instead."
            ) from error

    def build_from_config(self, config: dict) -> None:
        """Builds as `get_build_config` recorded; says so where it can't."""
        try:
            super().build_from_config(config)
        except Exception as error:
            warnings.warn(
                f"Model '{self.name}' had a build config, but could not be built from it: {error} Implement "
                "`build_from_config(self, config)`, or call the model on data before loading weights.",
                stacklevel=2,
            )

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict | None = None) -> Any:
        """A new model from what `get_config` gave."""
        from jaxnn.models.functional import Functional

        is_graph = all(key in config for key in ("name", "layers", "input_layers", "output_layers"))
        with registry.CustomObjectScope(custom_objects or {}):
            if is_graph and (cls in (Model, Functional) or takes_functional_arguments(cls)):
                return functional_from_config(cls, config)
            try:
                return cls(**config)
            except TypeError as error:
                raise TypeError(
                    "Unable to revive model from config. When overriding the `get_config()` method, make sure that the "
                    f"returned config contains all items used as arguments in the constructor to {cls}. "
                    f"Config: {config}. Error: {error}"
                ) from error

    def to_json(self, **kwargs: Any) -> str:
        """The model's config as JSON text; `model_from_json` reads it."""
        return json.dumps(registry.serialize_keras_object(self), **kwargs)

    # --- files -----------------------------------------------------------------------------------------------------------

    def save(self, filepath: Any, overwrite: bool = True, zipped: bool | None = None, **kwargs: Any) -> None:
        """Writes the model to a `.keras` file: see `saving.save_model`.

        Args:
            filepath: ending in `.keras`, or in `.h5` for Keras 2's format.
            overwrite: False asks before replacing a file, and raises where nobody can be asked.
            zipped: False writes a folder.
            **kwargs: see `saving.save_model`.

        Example:
            >>> model.save("model.keras")
            >>> twin = load_model("model.keras")
        """
        saving.save_model(self, filepath, overwrite=overwrite, zipped=zipped, **kwargs)

    def save_weights(self, filepath: Any, overwrite: bool = True, max_shard_size: float | None = None) -> None:
        """Writes the weights to a `.weights.h5` file in Keras's layout.

        The file is written beside and then moved into place, so that an older one is never lost half-way.

        Args:
            filepath: ending in `.weights.h5`; with `max_shard_size` in `.weights.json`.
            overwrite: False asks before replacing a file, and raises where nobody can be asked.
            max_shard_size: the largest size of one file, in GiB; the weights go to several.
        """
        saving.save_weights(self, filepath, overwrite=overwrite, max_shard_size=max_shard_size)

    def load_weights(self, filepath: Any, skip_mismatch: bool = False, **kwargs: Any) -> None:
        """Reads weights that were written here or by Keras: see `saving.load_weights`.

        Args:
            filepath: the file.
            skip_mismatch: leave layers alone whose weights don't fit, with a warning.
            **kwargs: see `saving.load_weights`.
        """
        saving.load_weights(self, filepath, skip_mismatch=skip_mismatch, **kwargs)

    def get_state_tree(self, value_format: str = "backend_tensor") -> dict[str, dict]:
        """All variables, the optimiser's and the metrics' too, as nested dictionaries: see `saving.state_tree`.

        Args:
            value_format: "backend_tensor" or "numpy_array".
        """
        return state_tree(self, value_format)

    def set_state_tree(self, state_tree: dict[str, dict]) -> None:
        """Assigns what `get_state_tree` gave."""
        give_state_tree(self, state_tree)


def _symbols(shapes: Any, dtype: str) -> Any:
    return tree.map_shape_structure(lambda s: KerasTensor(s, dtype=dtype, record_history=False), shapes)


def is_functional_call(args: tuple, kwargs: dict) -> bool:
    """Whether a constructor was called with inputs and outputs."""
    return len(args) == 2 or (len(args) == 1 and "outputs" in kwargs) or ("inputs" in kwargs and "outputs" in kwargs)


def takes_functional_arguments(cls: type) -> bool:
    """Whether a class is constructed as `cls(inputs, outputs, name=None, **kwargs)`, or takes anything."""
    spec = inspect.getfullargspec(cls.__init__)
    return spec.args[1:] == ["inputs", "outputs", "name"] or (spec.varargs is not None and spec.varkw is not None)


@export("models")
@registry.registered_only()
def model_from_json(json_string: str, custom_objects: dict | None = None) -> Model:
    """The model of a JSON text that `to_json` wrote, here or in Keras; its weights are new.

    Args:
        json_string: the text.
        custom_objects: names in the text that mean the caller's classes and functions.
    """
    return registry.deserialize_keras_object(json.loads(json_string), custom_objects=custom_objects)
