"""HashedCrossing: combinations of categories as numbers below a limit."""

from __future__ import annotations

from typing import Any

import numpy as np

from jaxnn.core import check
from jaxnn.core.graph import KerasTensor
from jaxnn.core.layer import Layer
from jaxnn.core.registry import export
from jaxnn.layers.preprocessing import hashes
from jaxnn.layers.preprocessing.encoding import check_mode, encode_on_host, encoded_shape, refuse_sparse
from jaxnn.layers.preprocessing.host import (
    as_array,
    as_bytes,
    by_callback,
    device_dtype,
    is_text,
    is_traced,
    on_device,
)

HASH_KEY = np.uint64(0xDECAFCAFFE)  # TensorFlow's


@export("layers")
class HashedCrossing(Layer):
    """`hash(first, second, ...) % num_bins`: one category for each combination of several; the bins are TensorFlow's.

    Args:
        num_bins: how many bins.
        output_mode: "int" or "one_hot".
        sparse: TensorFlow's alone.
        name: of the layer.
        dtype: of the output; by default int64 for "int".

    Shape:
        Several inputs of one shape, `()`, `(batch,)` or `(batch, 1)`, strings or whole numbers; the output has that shape,
        or is `(batch, num_bins)`.

    Raises:
        ValueError: for an unknown mode; when called, for fewer than two inputs, or such of other shapes or dtypes.

    Example:
        >>> HashedCrossing(5)((np.array(["A", "B", "A"]), np.array([101, 101, 101]))).tolist()
        [1, 4, 1]

    Source: https://keras.io/api/layers/preprocessing_layers/categorical/hashed_crossing/
    """

    def __init__(
        self,
        num_bins: int,
        output_mode: str = "int",
        sparse: bool = False,
        name: str | None = None,
        dtype: Any = None,
        **kwargs: Any,
    ):
        super().__init__(name=name, dtype="int64" if output_mode == "int" and dtype is None else dtype)
        refuse_sparse(self, sparse, output_mode)
        self.output_mode = check_mode(self, output_mode, ("int", "one_hot"))
        self.num_bins, self.sparse = num_bins, sparse
        self._convert_input_args = False
        self._allow_non_tensor_positional_args = True
        self._build_at_init()

    def call(self, inputs: Any) -> Any:
        """The bins, or rows."""
        if not isinstance(inputs, list | tuple) or len(inputs) < 2:
            raise ValueError(
                f"{check.name_of(self)}: `HashedCrossing` should be called on a list or tuple of at least two inputs. "
                f"Received: inputs={inputs}"
            )
        if any(map(is_traced, inputs)):
            shape = encoded_shape(inputs[0].shape, self.output_mode, self.num_bins)
            return by_callback(lambda *xs: self._crossed(xs), shape, self.compute_dtype, *inputs)
        return on_device(self._crossed([as_array(x) for x in inputs]), self.compute_dtype)

    def _crossed(self, inputs: Any) -> np.ndarray:
        shape = inputs[0].shape
        self._check(inputs)
        crossed = np.full(inputs[0].size, HASH_KEY)
        with np.errstate(over="ignore"):
            for x in inputs:
                crossed = hashes.concatenated(crossed, self._fingerprints(x))
        bins = (crossed % np.uint64(self.num_bins)).astype(np.int64).reshape(shape)
        return encode_on_host(bins, self.output_mode, self.num_bins)

    def _fingerprints(self, x: np.ndarray) -> np.ndarray:
        """Of strings their hash; of numbers the numbers."""
        if is_text(x):
            return hashes.farmhash64(as_bytes(x, check.name_of(self)).ravel().tolist())
        return x.ravel().astype(np.int64).view(np.uint64)

    def _check(self, inputs: Any) -> None:
        who, shape = check.name_of(self), inputs[0].shape
        if len(shape) > 2 or (len(shape) == 2 and shape[-1] != 1):
            raise ValueError(
                f"{who}: All `HashedCrossing` inputs should have shape `()`, `(batch_size)` or `(batch_size, 1)`. "
                f"Received: {[x.shape for x in inputs]}"
            )
        if any(x.shape != shape for x in inputs):
            raise ValueError(
                f"{who}: All `HashedCrossing` inputs should have equal shape. Received: {[x.shape for x in inputs]}"
            )
        if not all(is_text(x) or x.dtype.kind in "iu" for x in inputs):
            raise ValueError(
                f"{who}: All `HashedCrossing` inputs should have an integer or string dtype. Received: "
                f"{[str(x.dtype) for x in inputs]}"
            )

    def compute_output_shape(self, input_shape: Any) -> tuple:
        """The inputs' shape, or that of rows."""
        if len(input_shape) < 2 or not all(isinstance(shape, list | tuple) for shape in input_shape):
            raise ValueError(
                f"{check.name_of(self)}: Expected as input a list/tuple of 2 tensors. Received input_shape={input_shape}"
            )
        if any(tuple(shape)[-1:] != tuple(input_shape[0])[-1:] for shape in input_shape):
            raise ValueError(
                f"{check.name_of(self)}: Expected the two input tensors to have identical shapes. Received "
                f"input_shape={input_shape}"
            )
        return encoded_shape(input_shape[0], self.output_mode, self.num_bins)

    def compute_output_spec(self, inputs: Any) -> KerasTensor:
        """Shape and dtype of the output."""
        shape = self.compute_output_shape([tuple(x.shape) for x in inputs])
        return KerasTensor(shape, dtype=device_dtype(self.compute_dtype))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {name: getattr(self, name) for name in ("num_bins", "output_mode", "sparse", "name", "dtype")}
