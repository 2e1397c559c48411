"""TerminateOnNaN: no more steps once the loss is no number."""

from __future__ import annotations

import math

from jaxnn.callbacks.callback import Callback, Logs, progress_suffices
from jaxnn.core import registry
from jaxnn.utils.printing import print_line


@registry.export("callbacks")
class TerminateOnNaN(Callback):
    """Stops training when the loss becomes NaN or infinite.

    Where the loop runs many steps at once, it looks after each piece (0.1-0.2 seconds) instead of after each batch: the
    logged loss is the mean over the epoch so far, which stays invalid.

    Args:
        raise_error: raise instead, so that no `on_train_end` runs: checkpoints of better days stay as they are.

    Raises:
        RuntimeError: in training, if `raise_error`.

    Example: `model.fit(x, y, callbacks=[TerminateOnNaN()])`

    Source: https://keras.io/api/callbacks/terminate_on_nan/
    """

    def __init__(self, raise_error: bool = False):
        self.raise_error = raise_error

    @progress_suffices
    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Looks at the loss."""
        self._check(f"Batch {batch}", logs)

    def on_train_progress(self, step: int, logs: Logs | None = None) -> None:
        """Looks at the loss."""
        self._check(f"Batch {step - 1}", logs)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Looks at the loss, in case that nobody showed it earlier."""
        if not self.model.stop_training:
            self._check(f"Epoch {epoch + 1}", logs)

    def _check(self, when: str, logs: Logs | None) -> None:
        loss = (logs or {}).get("loss")
        if loss is None or math.isfinite(loss):
            return
        if self.raise_error:
            raise RuntimeError(
                f"TerminateOnNaN: NaN or Inf loss encountered at {when.lower()}. Loss value: {loss}. "
                "Lower the learning rate, or look for NaN in the data."
            )
        print_line(f"{when}: Invalid loss, terminating training")
        self.model.stop_training = True
