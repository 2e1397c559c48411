"""SwapEMAWeights: evaluation, prediction and checkpoints with averaged weights."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from jaxnn.callbacks.callback import Callback, Logs
from jaxnn.core import registry


@registry.export("callbacks")
class SwapEMAWeights(Callback):
    """Puts the averages that an optimizer with `use_ema=True` keeps in place of the weights while a model is evaluated.

    Before the first step there are no averages: the weights stay.

    Args:
        swap_on_epoch: whether the averages stay in place from an epoch's end to the next one's beginning, for callbacks
            that come after this one, such as `ModelCheckpoint`. `BackupAndRestore`, which is after the weights
            themselves, comes before it.

    Raises:
        ValueError: when a run begins, if no optimizer of the model averages.

    Example: `model.compile(SGD(use_ema=True), "mse"); model.fit(x, y, validation_split=0.2, callbacks=[SwapEMAWeights()])`

    Source: https://keras.io/api/callbacks/swap_ema_weights/. Keras swaps, so that the optimizer holds the weights meanwhile;
    here the callback does, and the averages stay what they are: after early stopping, an exception and `predict`, too.
    """

    def __init__(self, swap_on_epoch: bool = False):
        self.swap_on_epoch = swap_on_epoch
        self._kept: list[tuple[Any, np.ndarray]] | None = None  # the weights, while averages are in their place

    def set_model(self, model: Any) -> None:
        """Takes the model; a run begins."""
        super().set_model(model)
        self._kept = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Checks that there will be averages."""
        _averaging(self.model)

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Keeps nothing: `fit` ends with the averages as weights."""
        self._kept = None

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Puts the weights back."""
        if self.swap_on_epoch:
            self._put_weights()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Puts the averages in place."""
        if self.swap_on_epoch:
            self._put_averages()

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Puts the averages in place."""
        self._put_averages()

    def on_test_end(self, logs: Logs | None = None) -> None:
        """Puts the weights back."""
        self._put_weights()

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """Puts the averages in place."""
        self._put_averages()

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """Puts the weights back."""
        self._put_weights()

    def _put_averages(self) -> None:
        if self._kept is None:
            self._kept = [(variable, np.array(variable)) for variable, _ in _averages(self.model)]
            for variable, average in _averages(self.model):
                variable.assign(average)

    def _put_weights(self) -> None:
        for variable, value in self._kept or ():
            variable.assign(value)
        self._kept = None


def _averages(model: Any) -> Iterator[tuple[Any, Any]]:
    """Pairs of a weight and its average."""
    for optimizer in _averaging(model):
        if optimizer.built and int(optimizer._iterations) > 0:
            pairs = zip(optimizer._trainable_variables, optimizer._model_variables_moving_average, strict=True)
            yield from ((variable, average) for variable, average in pairs if average is not None)


def _averaging(model: Any) -> list[Any]:
    optimizer = getattr(model.optimizer, "inner_optimizer", model.optimizer)  # a LossScaleOptimizer's
    members = getattr(optimizer, "optimizers", [optimizer])
    averaging = [member for member in members if getattr(member, "use_ema", False)]
    if not averaging:
        raise ValueError(
            "SwapEMAWeights must be used when `use_ema=True` is set on the optimizer, or on one of several. Received: "
            f"{', '.join(type(member).__name__ for member in members)} with use_ema=False. "
            "Compile the model with SGD(use_ema=True), say."
        )
    return averaging
