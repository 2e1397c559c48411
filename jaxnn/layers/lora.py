"""LoRA: tuning a large matrix through two thin ones, while it stays as it is."""

from __future__ import annotations

from typing import Any

import numpy as np

from jaxnn import initializers, ops
from jaxnn.core import check
from jaxnn.core.layer import Layer, default


class LowRankTunable(Layer):
    """A layer with one large weight, `_kernel` or `_embeddings`, that `enable_lora` can freeze and adapt.

    With LoRA the weight counts as `weight + lora_alpha / rank * a @ b`, where `a` has `rank` columns. The optimiser
    moves `a` and `b` alone: a small fraction of the numbers. Files hold the sum, so that they load anywhere.

    Source: Hu et al., arXiv:2106.09685, section 4.1.
    """

    _large = "kernel"

    def _take_lora(self, rank: int | None, alpha: float | None, quantization_config: Any) -> None:
        """Keeps the constructor's arguments."""
        if quantization_config is not None:
            raise ValueError(
                f"{check.name_of(self)}: jaxnn doesn't quantise weights, so `quantization_config` must be None; "
                f"got {quantization_config!r}. A dtype such as 'bfloat16' halves the memory."
            )
        self.quantization_config = None
        self.lora_rank, self.lora_alpha = rank, rank if alpha is None else alpha
        self.lora_enabled = False

    def _large_weight(self) -> Any:
        """The weight, with what LoRA adds."""
        if not self.built and not self._building:
            raise AttributeError(f"{check.name_of(self)}: `{self._large}` exists once the layer is built.")
        weight = getattr(self, f"_{self._large}")
        if not self.lora_enabled:
            return weight
        added = (self.lora_alpha / self.lora_rank) * ops.matmul(*self._thin())
        return ops.cast(ops.add(weight, added), self.compute_dtype)

    def _thin(self) -> tuple[Any, Any]:
        return getattr(self, f"lora_{self._large}_a"), getattr(self, f"lora_{self._large}_b")

    def enable_lora(
        self,
        rank: int,
        lora_alpha: float | None = None,
        a_initializer: Any = "he_uniform",
        b_initializer: Any = "zeros",
    ) -> None:
        """Freezes the weight and adds the two thin ones, in float32.

        Args:
            rank: the number of columns of `a`, and of rows of `b`.
            lora_alpha: scales what they add; None is the rank, a factor of 1.
            a_initializer: how `a` starts.
            b_initializer: how `b` starts; with zeros nothing changes at first.

        Raises:
            ValueError: if the weight has a constraint, the layer isn't built, or LoRA is on already.
        """
        who, kind = check.name_of(self), self._large.removesuffix("s")
        if getattr(self, f"{self._large}_constraint"):
            raise ValueError(
                f"{who}: Lora is incompatible with {kind} constraints. Remove the argument `{self._large}_constraint`."
            )
        if not self.built and not self._building:
            raise ValueError(f"{who}: Cannot enable lora on a layer that isn't yet built. Call `build(shape)` first.")
        if self.lora_enabled:
            raise ValueError(f"{who}: lora is already enabled. This can only be done once per layer.")
        weight = getattr(self, f"_{self._large}")
        locked, self._tracker.locked = self._tracker.locked, False
        for part, shape, initializer in (
            ("a", (*weight.shape[:-1], rank), a_initializer),
            ("b", (rank, weight.shape[-1]), b_initializer),
        ):
            name = f"lora_{self._large}_{part}"
            thin = self.add_weight(
                shape,
                initializers.get(initializer),
                dtype="float32",
                regularizer=getattr(self, f"{self._large}_regularizer"),
                name=name,
            )
            setattr(self, name, thin)
        weight.trainable = False
        self._tracker.locked = locked
        self.lora_enabled = True
        self.lora_rank, self.lora_alpha = rank, rank if lora_alpha is None else lora_alpha

    def save_own_variables(self, store: Any) -> None:
        """Puts the layer's weights into a store: the large one with what LoRA adds, without the thin ones."""
        if not self.lora_enabled:
            super().save_own_variables(store)
            return
        for i, weight in enumerate(self._saved()):
            store[f"{i}"] = np.array(self._large_weight() if i == 0 else weight)

    def load_own_variables(self, store: Any) -> None:
        """Takes them out again; the thin ones become 0."""
        if not self.lora_enabled:
            super().load_own_variables(store)
            return
        for i, weight in enumerate(self._saved()):
            weight.assign(store[f"{i}"])
        for thin in self._thin():
            thin.assign(np.zeros(thin.shape))

    def _saved(self) -> list:
        thin = self._thin()
        return [w for w in self._own_weights() if not any(w is t for t in thin)]

    @default
    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments; those of LoRA only if it is asked for."""
        config = super().get_config()
        for name in () if self.lora_rank else ("lora_rank", "lora_alpha"):
            config.pop(name, None)
        return config
