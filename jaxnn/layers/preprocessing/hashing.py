"""Hashing: categories as numbers below a limit, without a vocabulary."""

from __future__ import annotations

from typing import Any

import numpy as np

from jaxnn.core import check
from jaxnn.core import config as settings
from jaxnn.core.graph import KerasTensor
from jaxnn.core.layer import Layer
from jaxnn.core.registry import export
from jaxnn.layers.preprocessing import hashes
from jaxnn.layers.preprocessing.encoding import MODES, check_mode, encode_on_host, encoded_shape, refuse_sparse
from jaxnn.layers.preprocessing.host import (
    as_array,
    as_bytes,
    by_callback,
    device_dtype,
    is_text,
    is_traced,
    on_device,
)
from jaxnn.layers.preprocessing.index_lookup import salt_of


@export("layers")
class Hashing(Layer):
    """`hash(input) % num_bins`, for strings and whole numbers; the bins are TensorFlow's.

    Different inputs may share a bin. Numbers are hashed as their decimals; floats are cut to whole numbers before.
    Within a compiled program the host is asked for the hashes, which takes some time a call.

    Args:
        num_bins: how many bins.
        mask_value: an input that has bin 0 for itself.
        salt: an int or two: SipHash with this key instead of FarmHash, for other bins.
        output_mode: "int", "one_hot", "multi_hot" or "count", as in `CategoryEncoding`.
        sparse: TensorFlow's alone.

    Shape:
        "int": that of the inputs. Otherwise as in `CategoryEncoding`, a place for each bin.

    Raises:
        ValueError: for a number of bins below 1, an unknown mode, a salt that is none, or a dtype that isn't the mode's.

    Example:
        >>> Hashing(3)(["A", "B", "C", "D", "E"]).tolist()
        [1, 0, 1, 1, 2]

    Source: https://keras.io/api/layers/preprocessing_layers/categorical/hashing/
    """

    _plain_config = True

    def __init__(
        self,
        num_bins: int,
        mask_value: Any = None,
        salt: Any = None,
        output_mode: str = "int",
        sparse: bool = False,
        **kwargs: Any,
    ):
        if kwargs.get("dtype") is None:
            kwargs["dtype"] = "int64" if output_mode == "int" else settings.floatx()
        super().__init__(**kwargs)
        if num_bins is None or num_bins <= 0:
            raise ValueError(
                f"{check.name_of(self)}: The `num_bins` for `Hashing` cannot be `None` or non-positive values. Received: "
                f"num_bins={num_bins}."
            )
        self.output_mode = check_mode(self, output_mode, MODES)
        if output_mode == "int" and self.dtype_policy.name not in ("int32", "int64"):
            raise ValueError(
                f"{check.name_of(self)}: When `output_mode=\"int\"`, `dtype` should be an integer type, 'int32' or "
                f"'int64'. Received: dtype={kwargs['dtype']}"
            )
        refuse_sparse(self, sparse, output_mode)
        self.num_bins, self.mask_value, self.sparse, self.salt = num_bins, mask_value, sparse, salt_of(self, salt)
        self._convert_input_args = False
        self._allow_non_tensor_positional_args = True
        self._build_at_init()

    def call(self, inputs: Any) -> Any:
        """The bins, or rows."""
        if is_traced(inputs):
            shape = encoded_shape(inputs.shape, self.output_mode, self.num_bins)
            return by_callback(self._encoded, shape, self.compute_dtype, inputs)
        return on_device(self._encoded(as_array(inputs)), self.compute_dtype)

    def _encoded(self, values: np.ndarray) -> np.ndarray:
        return encode_on_host(self._bins(values), self.output_mode, self.num_bins)

    def _bins(self, values: np.ndarray) -> np.ndarray:
        text = is_text(values)
        keys = as_bytes(values, check.name_of(self)).ravel().tolist() if text else decimals(values)
        masks = self.mask_value is not None and self.num_bins > 1
        hashed = hashes.farmhash64(keys) if self.salt is None else hashes.siphash64(keys, self.salt)
        bins = (hashed % np.uint64(self.num_bins - masks)).astype(np.int64).reshape(values.shape)
        if not masks:
            return bins
        mask = self.mask_value.encode() if isinstance(self.mask_value, str) else self.mask_value
        masked = np.array([key == mask for key in keys], bool).reshape(values.shape) if text else values == mask
        return np.where(masked, 0, bins + 1)

    def compute_output_shape(self, input_shape: Any) -> tuple:
        """The inputs' shape, or that of rows."""
        return encoded_shape(input_shape, self.output_mode, self.num_bins)

    def compute_output_spec(self, inputs: KerasTensor) -> KerasTensor:
        """Shape and dtype of the output."""
        return KerasTensor(self.compute_output_shape(inputs.shape), dtype=device_dtype(self.compute_dtype))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        names = ("num_bins", "salt", "mask_value", "output_mode", "sparse")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


def decimals(values: np.ndarray) -> list[bytes]:
    """Whole numbers in digits; truth values in words, as TensorFlow writes them."""
    if values.dtype.kind == "b":
        return [b"true" if x else b"false" for x in values.ravel().tolist()]
    return [b"%d" % x for x in values.ravel().astype(values.dtype if values.dtype.kind == "u" else np.int64).tolist()]
