"""Input: the symbolic tensor that a functional model starts from, and the layer that stands behind it."""

from __future__ import annotations

from typing import Any

from jaxnn.core import dtypes
from jaxnn.core.config import floatx
from jaxnn.core.graph import KerasTensor, Node, standardize_shape
from jaxnn.core.layer import Layer
from jaxnn.core.registry import export


@export("layers")
class InputLayer(Layer):
    """The layer behind `Input`. It computes nothing.

    Args:
        shape: of one sample, without the batch.
        batch_size: a fixed batch size, or None.
        dtype: of the tensor; None is `floatx()`.
        sparse, ragged: accepted as in Keras; JAX tensors are dense.
        batch_shape: the shape with the batch, instead of `shape`.
        input_tensor: a symbolic tensor to stand for the input, instead of a new one.
        optional: whether None may be passed.
        name: of the layer and of its tensor.
    """

    def __init__(
        self,
        shape: Any = None,
        batch_size: int | None = None,
        dtype: Any = None,
        sparse: bool | None = None,
        ragged: bool | None = None,
        batch_shape: Any = None,
        input_tensor: KerasTensor | None = None,
        optional: bool = False,
        name: str | None = None,
        **kwargs: Any,
    ):
        super().__init__(name=name)
        if kwargs.pop("input_shape", None) is not None or "batch_input_shape" in kwargs:
            batch_shape = kwargs.pop("batch_input_shape", None) or batch_shape
        if kwargs:
            raise ValueError(f"Unrecognized arguments: {list(kwargs)}")
        if input_tensor is not None:
            if not isinstance(input_tensor, KerasTensor):
                raise ValueError(
                    "Argument `input_tensor` must be a KerasTensor. "
                    f"Received invalid type: input_tensor={input_tensor} (of type {type(input_tensor)})"
                )
            batch_shape, dtype = input_tensor.shape, dtype or input_tensor.dtype
        elif shape is not None and batch_shape is not None:
            raise ValueError("You cannot pass both `shape` and `batch_shape` at the same time.")
        elif shape is None and batch_shape is None:
            raise ValueError("You must pass a `shape` argument.")
        elif batch_size is not None and batch_shape is not None:
            raise ValueError("You cannot pass both `batch_size` and `batch_shape` at the same time.")
        if batch_shape is None:
            batch_shape = (batch_size, *standardize_shape((shape,) if isinstance(shape, int) else shape))
        self._batch_shape = standardize_shape(batch_shape)
        self._dtype = dtypes.standardize_dtype(floatx() if dtype is None else dtype)
        self.sparse, self.ragged, self.optional = bool(sparse), bool(ragged), optional
        self._dtype_policy = dtypes.DTypePolicy(self._dtype if dtypes.is_float_dtype(self._dtype) else None)
        self.built = True
        output = input_tensor if input_tensor is not None else KerasTensor(self._batch_shape, self._dtype, name=name)
        Node(self, (), {}, output)

    @property
    def batch_shape(self) -> Any:
        """The shape with the batch (None where unknown)."""
        return self._batch_shape

    @property
    def dtype(self) -> str:
        """The tensor's dtype."""
        return self._dtype

    def call(self) -> None:
        """Nothing to compute."""
        raise NotImplementedError("An InputLayer computes nothing: it stands for what a model is called on.")

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal layer."""
        names = ("batch_shape", "dtype", "sparse", "ragged", "name")
        optional = {"optional": True} if self.optional else {}
        return {**{name: getattr(self, name) for name in names}, **optional}


def Input(
    shape: Any = None,
    batch_size: int | None = None,
    dtype: Any = None,
    sparse: bool | None = None,
    ragged: bool | None = None,
    batch_shape: Any = None,
    name: str | None = None,
    tensor: KerasTensor | None = None,
    optional: bool = False,
) -> KerasTensor:
    """A symbolic tensor to build a model from.

    Args:
        shape: of one sample, without the batch: `(8,)`.
        batch_size: a fixed batch size, or None.
        dtype: of the tensor; None is `floatx()`.
        sparse: accepted as in Keras.
        ragged: accepted as in Keras.
        batch_shape: the shape with the batch, instead of `shape`.
        name: of the layer and of its tensor.
        tensor: a symbolic tensor to stand for the input, instead of a new one.
        optional: whether None may be passed.

    Returns:
        A KerasTensor of shape `(batch_size, *shape)`.

    Example:
        >>> x = Input((8,))
        >>> Model(x, Dense(1)(x)).output_shape
        (None, 1)

    Source: https://keras.io/api/layers/core_layers/input/
    """
    layer = InputLayer(shape, batch_size, dtype, sparse, ragged, batch_shape, tensor, optional, name)
    return layer.output


export("layers", also=("keras.Input",))(Input)
