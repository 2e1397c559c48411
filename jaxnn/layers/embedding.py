"""Embedding: a learned vector for each integer."""

from __future__ import annotations

from typing import Any

from jaxnn import constraints, initializers, ops, regularizers
from jaxnn.core import check
from jaxnn.core.config import warn_once
from jaxnn.core.layer import default
from jaxnn.core.registry import export, signature_config
from jaxnn.core.types import Array
from jaxnn.layers.lora import LowRankTunable


@export("layers")
class Embedding(LowRankTunable):
    """Turns integers from 0 to `input_dim - 1`, such as word numbers, into vectors that are learned.

    Args:
        input_dim: how many integers there are.
        output_dim: the vectors' size.
        embeddings_initializer: how the vectors start.
        embeddings_regularizer: a penalty on them that is added to the loss.
        embeddings_constraint: applied to them after each update.
        mask_zero: whether 0 is padding, which the layers that follow skip.
        weights: the vectors to start with, `(input_dim, output_dim)`, or a list of this one array.
        lora_rank, lora_alpha: if given, the vectors are frozen and tuned through two thin matrices (`enable_lora`).
        quantization_config: must be None.

    Shape:
        `(batch, ...)` → `(batch, ..., output_dim)`.

    Raises:
        ValueError: if `input_dim` or `output_dim` is not a positive integer.

    Example:
        >>> layer = Embedding(3, 2, weights=np.array([[0.0, 0.0], [1.0, 2.0], [3.0, 4.0]]))
        >>> layer(np.array([[2, 1]])).tolist()
        [[[3.0, 4.0], [1.0, 2.0]]]

    Source: https://keras.io/api/layers/core_layers/embedding/
    """

    _large = "embeddings"
    _plain_config = True  # `weights` is not part of the config

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None,
        embeddings_constraint: Any = None,
        mask_zero: bool = False,
        weights: Any = None,
        lora_rank: int | None = None,
        lora_alpha: float | None = None,
        quantization_config: Any = None,
        **kwargs: Any,
    ):
        if kwargs.pop("input_length", None) is not None:
            warn_once("Argument `input_length` is deprecated. Just remove it.")
        super().__init__(**kwargs)
        self.input_dim = self._whole("input_dim", input_dim)
        self.output_dim = self._whole("output_dim", output_dim)
        self.embeddings_initializer = initializers.get(embeddings_initializer)
        self.embeddings_regularizer = regularizers.get(embeddings_regularizer)
        self.embeddings_constraint = constraints.get(embeddings_constraint)
        self.mask_zero = mask_zero
        self.supports_masking = mask_zero
        self.autocast = False
        self._take_lora(lora_rank, lora_alpha, quantization_config)
        if weights is not None:
            self.build()
            self.set_weights(weights if isinstance(weights, list) and len(weights) == 1 else [weights])

    def _whole(self, argument: str, size: Any) -> int:
        if isinstance(size, float):  # 4.0 too: a vocabulary is counted
            raise ValueError(
                f"{check.name_of(self)}: `{argument}` must be a positive integer; got {argument}={size!r}."
            )
        return check.positive_int(self, argument, size)

    def build(self, input_shape: Any = None) -> None:
        """Makes the vectors; the input's shape doesn't matter."""
        if self.built:
            return
        self._embeddings = self.add_weight(
            (self.input_dim, self.output_dim),
            self.embeddings_initializer,
            regularizer=self.embeddings_regularizer,
            constraint=self.embeddings_constraint,
            name="embeddings",
        )
        if self.lora_rank:
            self.enable_lora(self.lora_rank, lora_alpha=self.lora_alpha)

    @property
    def embeddings(self) -> Any:
        """The vectors, `(input_dim, output_dim)`; with LoRA, the sum that counts."""
        return self._large_weight()

    def call(self, inputs: Array) -> Array:
        """The vectors of the integers."""
        indices = inputs if inputs.dtype in ("int32", "int64") else inputs.astype("int32")
        return ops.take(self.embeddings, indices, axis=0).astype(self.compute_dtype)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """True where the integer is not 0; None unless `mask_zero`."""
        return ops.not_equal(inputs, 0) if self.mask_zero else None

    def compute_output_shape(self, input_shape: Any) -> tuple:
        """The input's shape with `output_dim` last."""
        return (*input_shape, self.output_dim)

    @default
    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments without `weights`, which are no config."""
        own = signature_config(self, Embedding, skip=("weights",))
        config = {"activity_regularizer": None, **super().get_config(), **own}
        for name in () if self.lora_rank else ("lora_rank", "lora_alpha"):
            del config[name]
        return config
