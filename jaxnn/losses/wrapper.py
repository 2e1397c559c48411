"""A function of (y_true, y_pred) as a Loss object."""

from __future__ import annotations

from collections.abc import Callable
from operator import itemgetter
from typing import Any

from jaxnn.core import registry, tree
from jaxnn.core.types import Array
from jaxnn.losses.loss import Loss, squeeze_or_expand_to_same_rank


@registry.export("losses")
class LossFunctionWrapper(Loss):
    """A Loss whose values are `fn(y_true, y_pred, **kwargs)`.

    Args:
        fn: gives one value per prediction.
        reduction: see `Loss`.
        name: see `Loss`.
        dtype: see `Loss`.
        kwargs: further arguments of `fn`.

    Example:
        >>> loss = losses.LossFunctionWrapper(losses.huber, delta=2.0)
        >>> float(loss([[0.0]], [[1.0]]))
        0.5
    """

    def __init__(
        self,
        fn: Callable[..., Any],
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: Any = None,
        **kwargs: Any,
    ):
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.fn = fn
        self._fn_kwargs = kwargs

    def call(self, y_true: Any, y_pred: Any) -> Array:
        """The function's values, after targets (batch,) and predictions (batch, 1) have been brought to one rank."""
        pairs = tree.map_structure(squeeze_or_expand_to_same_rank, y_true, y_pred)
        firsts, seconds = (tree.map_structure_up_to(y_true, itemgetter(i), pairs) for i in (0, 1))
        return self.fn(firsts, seconds, **self._fn_kwargs)

    def get_config(self) -> dict[str, Any]:
        """The arguments, the function by its name."""
        kwargs = registry.serialize_keras_object(self._fn_kwargs)
        return {**super().get_config(), "fn": registry.serialize_keras_object(self.fn), **kwargs}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Loss:
        """The loss of a config, its function looked up by name."""
        # Not the name: it may be the custom function's too, and would be taken for it.
        plain = ("name", "reduction") if "fn" in config else tuple(config)
        return cls(**{k: v if k in plain else registry.deserialize_keras_object(v) for k, v in config.items()})

    def __repr__(self) -> str:
        return f"<LossFunctionWrapper({self.fn}, kwargs={self._fn_kwargs})>"


class NamedLoss(LossFunctionWrapper):
    """A wrapper around one of our functions: the class says which, so its config holds only arguments.

    `in_config` names the arguments that Keras writes into the config; they are attributes too. It leaves out a few
    (Huber's `delta`, CosineSimilarity's `axis`), and so do we, that configs stay equal.
    """

    in_config: tuple[str, ...] = ()

    def __init__(self, fn: Callable[..., Any], name: str | None, reduction: str | None, dtype: Any, **kwargs: Any):
        super().__init__(fn, reduction=reduction, name=name, dtype=dtype, **kwargs)
        for argument in self.in_config:
            setattr(self, argument, kwargs[argument])

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal loss."""
        return {**Loss.get_config(self), **{argument: getattr(self, argument) for argument in self.in_config}}
