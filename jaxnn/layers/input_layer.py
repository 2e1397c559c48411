"""Input: the symbolic tensor that a functional model starts from, and the layer that stands behind it."""

from __future__ import annotations

from typing import Any

from jaxnn.core import check, dtypes
from jaxnn.core.config import floatx, warn_once
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
        sparse: noted on the tensor; what flows through a model is dense all the same.
        ragged: must be False: JAX has no ragged tensors.
        batch_shape: the shape with the batch, instead of `shape`.
        input_tensor: a symbolic tensor to stand for the input, instead of a new one.
        optional: whether None may be passed.
        name: of the layer and of its tensor.

    Raises:
        ValueError: for arguments that contradict each other, or tell no shape.
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
        if "input_shape" in kwargs:
            warn_once("Argument `input_shape` is deprecated. Use `shape` instead.")
            shape = kwargs.pop("input_shape")
        batch_shape = kwargs.pop("batch_input_shape", batch_shape)
        if kwargs:
            raise ValueError(f"Unrecognized arguments: {list(kwargs)}")
        if ragged:
            raise ValueError(
                f"{check.name_of(self)}: `ragged=True` is not supported with JAX. Pad the rows and mask them."
            )
        shape = (shape,) if isinstance(shape, int) else shape
        if input_tensor is not None:
            self._check_tensor(input_tensor, shape, batch_size, dtype, sparse, batch_shape)
            batch_shape, dtype, sparse = input_tensor.shape, input_tensor.dtype, input_tensor.sparse
        elif batch_shape is None:
            if shape is None:
                raise ValueError("You must pass a `shape` argument.")
            batch_shape = (batch_size, *standardize_shape(shape))
        elif shape is not None:
            raise ValueError("You cannot pass both `shape` and `batch_shape` at the same time.")
        elif batch_size is not None:
            raise ValueError("You cannot pass both `batch_size` and `batch_shape` at the same time.")
        self._batch_shape = standardize_shape(batch_shape)
        self._dtype = dtypes.standardize_dtype(floatx() if dtype is None else dtype)
        self.sparse, self.ragged, self.optional = bool(sparse), False, optional
        self._dtype_policy = dtypes.DTypePolicy(self._dtype if dtypes.is_float_dtype(self._dtype) else None)
        self.built = True
        if input_tensor is None:
            input_tensor = KerasTensor(self._batch_shape, self._dtype, sparse=self.sparse, name=name)
        Node(self, (), {}, input_tensor)

    def _check_tensor(
        self, tensor: Any, shape: Any, batch_size: int | None, dtype: Any, sparse: bool | None, batch_shape: Any
    ) -> None:
        """Whether what is told beside a tensor is true of it."""
        if not isinstance(tensor, KerasTensor):
            raise ValueError(
                "Argument `input_tensor` must be a KerasTensor. "
                f"Received invalid type: input_tensor={tensor} (of type {type(tensor)})"
            )
        for name, told, true in (
            ("shape", shape and tuple(shape), tensor.shape[1:]),
            ("batch_shape", batch_shape and tuple(batch_shape), tensor.shape),
            ("batch_size", batch_size, tensor.shape[0] if tensor.shape else None),
            ("dtype", dtype and dtypes.standardize_dtype(dtype), tensor.dtype),
            ("sparse", sparse, tensor.sparse),
        ):
            if told not in (None, true):
                raise ValueError(
                    f"{check.name_of(self)}: with an `input_tensor` you cannot provide an incompatible `{name}` "
                    f"argument; got {name}={told} for a tensor with {true}. Leave it out."
                )

    @property
    def batch_shape(self) -> Any:
        """The shape with the batch (None where unknown)."""
        return self._batch_shape

    @property
    def dtype(self) -> str:
        """The tensor's dtype."""
        return self._dtype

    def call(self) -> None:
        """Nothing: the layer stands for what a model is called on."""

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal layer."""
        names = ("batch_shape", "dtype", "sparse", "ragged", "name", "optional")
        return {name: getattr(self, name) for name in names}


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
        sparse: noted on the tensor.
        ragged: must be False.
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
