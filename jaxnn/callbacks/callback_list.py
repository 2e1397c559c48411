"""CallbackList: all callbacks of a run as one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jaxnn.callbacks.callback import Callback, Logs
from jaxnn.callbacks.history import History
from jaxnn.callbacks.progbar_logger import ProgbarLogger
from jaxnn.core import registry, tree

_OLD_NAMES = {"on_train_batch_begin": "on_batch_begin", "on_train_batch_end": "on_batch_end"}


@registry.export("callbacks")
class CallbackList(Callback):
    """Calls each callback at each event, in the order given; the history and the bar come last.

    A training loop calls either the batch hooks, one step at a time, or, where `needs_train_batches` says that nobody needs
    them, `on_train_progress` after each piece of an epoch.

    Args:
        callbacks: a callback, or any nesting of lists of them.
        add_history: adds a `History` unless there is one.
        add_progbar: adds a `ProgbarLogger` unless there is one.
        model: what runs.
        **params: 'verbose', 'epochs', 'steps': what the callbacks get as `params`.

    Raises:
        TypeError: for something that is no callback, such as a class.

    Example:
        >>> callbacks = CallbackList(add_history=True, epochs=2)
        >>> callbacks.on_train_begin()
        >>> for epoch in range(2):
        ...     callbacks.on_epoch_end(epoch, {"loss": 1.0 / (epoch + 1)})
        >>> callbacks.history.history
        {'loss': [1.0, 0.5]}

    Source: https://keras.io/api/callbacks/. Unlike Keras no hook runs in another thread.
    """

    def __init__(
        self,
        callbacks: Any = None,
        add_history: bool = False,
        add_progbar: bool = False,
        model: Any = None,
        **params: Any,
    ):
        self.callbacks = [_checked(callback) for callback in tree.flatten(callbacks)] if callbacks else []
        if add_history and self.history is None:
            self.callbacks.append(History())
        if add_progbar and not any(isinstance(callback, ProgbarLogger) for callback in self.callbacks):
            self.callbacks.append(ProgbarLogger())
        self._listeners: dict[str, list[Callable]] = {}
        self.set_model(model)
        self.set_params(params)

    @property
    def history(self) -> History | None:
        """The last `History` among the callbacks."""
        return next((callback for callback in reversed(self.callbacks) if isinstance(callback, History)), None)

    def set_params(self, params: dict[str, Any]) -> None:
        """Hands the parameters to all callbacks, if there are any."""
        self.params = params
        if params:
            for callback in self.callbacks:
                callback.set_params(params)

    def set_model(self, model: Any) -> None:
        """Hands the model to all callbacks; the model gets the history."""
        if model is None:
            return
        super().set_model(model)
        if self.history is not None:
            model.history = self.history
        for callback in self.callbacks:
            callback.set_model(model)

    # --- who needs what ----------------------------------------------------------------------------------------------

    @property
    def only_records(self) -> bool:
        """Whether nobody but a `History` and a bar listen, to whom an epoch may be told a little later."""
        return all(type(callback) in (History, ProgbarLogger) for callback in self.callbacks)

    @property
    def watch_train_batches(self) -> list[Any]:
        """The callbacks that must be called around each training step."""
        return self._that_need("on_train_batch_begin", "on_train_batch_end", "on_batch_begin", "on_batch_end")

    @property
    def needs_train_batches(self) -> bool:
        """Whether there are any."""
        return bool(self.watch_train_batches)

    @property
    def needs_test_batches(self) -> bool:
        """Whether a callback must be called around each step of evaluation."""
        return bool(self._that_need("on_test_batch_begin", "on_test_batch_end"))

    @property
    def needs_predict_batches(self) -> bool:
        """Whether a callback must be called around each step of prediction."""
        return bool(self._that_need("on_predict_batch_begin", "on_predict_batch_end"))

    def _that_need(self, *hooks: str) -> list[Any]:
        return [callback for callback in self.callbacks if any(_needs(callback, hook) for hook in hooks)]

    # --- events ------------------------------------------------------------------------------------------------------

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Calls all."""
        logs = python_logs(logs)
        for callback in self.callbacks:
            callback.on_epoch_begin(epoch, logs)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Calls all with the same dictionary: what one adds, such as 'learning_rate', the next ones see."""
        logs = python_logs(logs)
        for callback in self.callbacks:
            callback.on_epoch_end(epoch, logs)

    def on_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Calls all."""
        self._on_batch("on_batch_begin", batch, logs)

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Calls all."""
        self._on_batch("on_batch_end", batch, logs)

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Calls all."""
        self._on_batch("on_train_batch_begin", batch, logs)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Calls all."""
        self._on_batch("on_train_batch_end", batch, logs)

    def on_test_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Calls all."""
        self._on_batch("on_test_batch_begin", batch, logs)

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Calls all."""
        self._on_batch("on_test_batch_end", batch, logs)

    def on_predict_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Calls all."""
        self._on_batch("on_predict_batch_begin", batch, logs)

    def on_predict_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Calls all."""
        self._on_batch("on_predict_batch_end", batch, logs)

    def on_train_progress(self, step: int, logs: Logs | None = None) -> None:
        """Calls all."""
        self._on_progress("on_train_progress", step, logs)

    def on_test_progress(self, step: int, logs: Logs | None = None) -> None:
        """Calls all."""
        self._on_progress("on_test_progress", step, logs)

    def on_predict_progress(self, step: int, logs: Logs | None = None) -> None:
        """Calls all."""
        self._on_progress("on_predict_progress", step, logs)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Calls all."""
        self._on_run("on_train_begin", logs)

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Calls all."""
        self._on_run("on_train_end", logs)

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Calls all."""
        self._on_run("on_test_begin", logs)

    def on_test_end(self, logs: Logs | None = None) -> None:
        """Calls all."""
        self._on_run("on_test_end", logs)

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """Calls all."""
        self._on_run("on_predict_begin", logs)

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """Calls all."""
        self._on_run("on_predict_end", logs)

    def listeners(self, hook: str) -> list[Callable]:
        """What to call at a batch, `hook(batch, logs=logs)`, where that is done without this list: the hooks that do something.

        Args:
            hook: its name, such as "on_train_batch_end". In a subclass that overrides it, it is the only one.
        """
        if getattr(type(self), hook) is not getattr(CallbackList, hook):
            return [getattr(self, hook)]
        return self._awake(hook)

    def _awake(self, hook: str) -> list[Callable]:
        if hook not in self._listeners:
            awake = [callback for callback in self.callbacks if not _sleeps_through(callback, hook)]
            self._listeners[hook] = [getattr(callback, hook) for callback in awake]
        return self._listeners[hook]

    def _on_batch(self, hook: str, batch: int, logs: Logs | None) -> None:
        listeners = self._awake(hook)
        if listeners:
            logs = python_logs(logs)
            for listener in listeners:
                listener(batch, logs=logs)  # `logs` by name, as Keras: some take it as a keyword only

    def _on_progress(self, hook: str, step: int, logs: Logs | None) -> None:
        logs = None if logs is None else python_logs(logs)
        for callback in self.callbacks:
            if hasattr(callback, hook):  # a callback made for Keras lacks it
                getattr(callback, hook)(step, logs)

    def _on_run(self, hook: str, logs: Logs | None) -> None:
        self._listeners = {}
        logs = python_logs(logs)
        for callback in self.callbacks:
            getattr(callback, hook)(logs)


def _sleeps_through(callback: Any, hook: str) -> bool:
    """Whether a batch hook is the base class's, which does nothing, or calls a hook of an old name that does nothing."""
    names = [hook, _OLD_NAMES[hook]] if hook in _OLD_NAMES else [hook]
    return all(getattr(getattr(callback, n, None), "__func__", None) is getattr(Callback, n) for n in names)


def python_logs(logs: Logs | None) -> Logs:
    """The logs as Python floats, nested dictionaries made flat, in the order of the names. What is no scalar stays."""
    result: Logs = {}
    for name, value in sorted((logs or {}).items()):
        if isinstance(value, dict):
            result.update(python_logs(value))
        else:
            result[name] = _python_number(value)
    return result


def _python_number(value: Any) -> Any:
    if type(value) is float or getattr(value, "ndim", 0) > 0:
        return value
    try:
        return float(value)
    except (TypeError, ValueError):
        return value


def _needs(callback: Any, name: str) -> bool:
    hook = getattr(callback, name, None)
    if getattr(hook, "_is_default", False):
        return False
    condition = getattr(hook, "_needed_where", None)
    return condition is None or condition(callback)


def _checked(callback: Any) -> Any:
    if isinstance(callback, type):
        raise TypeError(
            f"CallbackList: `callbacks` must be callback objects; got the class {callback.__name__}. "
            f"Write {callback.__name__}(...)."
        )
    if not hasattr(callback, "set_model"):
        raise TypeError(
            f"CallbackList: `callbacks` must be callback objects; got {callback!r}. "
            "Derive from keras.callbacks.Callback, or wrap a function: LambdaCallback(on_epoch_end=...)."
        )
    return callback
