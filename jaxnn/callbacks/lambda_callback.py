"""LambdaCallback: a callback made of functions."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from jaxnn.callbacks.callback import Callback
from jaxnn.core import check, registry


@registry.export("callbacks")
class LambdaCallback(Callback):
    """Calls the functions given at the moments they are named after.

    Args:
        on_epoch_begin: `f(epoch, logs)`.
        on_epoch_end: `f(epoch, logs)`.
        on_train_begin: `f(logs)`.
        on_train_end: `f(logs)`.
        on_train_batch_begin: `f(batch, logs)`.
        on_train_batch_end: `f(batch, logs)`; the second argument is passed by the name `logs`.
        **kwargs: any other hook of `Callback`, by its name.

    Example:
        >>> callback = LambdaCallback(on_epoch_end=lambda epoch, logs: print(epoch, logs["loss"]))
        >>> callback.on_epoch_end(0, {"loss": 0.5})
        0 0.5

    Source: https://keras.io/api/callbacks/lambda_callback/. Unlike Keras it warns of a hook that nobody calls.
    """

    def __init__(
        self,
        on_epoch_begin: Callable | None = None,
        on_epoch_end: Callable | None = None,
        on_train_begin: Callable | None = None,
        on_train_end: Callable | None = None,
        on_train_batch_begin: Callable | None = None,
        on_train_batch_end: Callable | None = None,
        **kwargs: Any,
    ):
        hooks = {
            "on_epoch_begin": on_epoch_begin,
            "on_epoch_end": on_epoch_end,
            "on_train_begin": on_train_begin,
            "on_train_end": on_train_end,
            "on_train_batch_begin": on_train_batch_begin,
            "on_train_batch_end": on_train_batch_end,
        }
        for name in kwargs:
            if name.startswith("on_") and not hasattr(Callback, name):
                known = [hook for hook in dir(Callback) if hook.startswith("on_")]
                warnings.warn(f"LambdaCallback: nothing calls `{name}`.{check.nearest(name, known)}", stacklevel=2)
        self.__dict__.update(kwargs)
        self.__dict__.update({name: function for name, function in hooks.items() if function is not None})
