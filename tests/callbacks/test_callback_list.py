import numpy as np
import pytest

from jaxnn.callbacks import Callback, CallbackList, History, LambdaCallback, ProgbarLogger, TerminateOnNaN

from .models import Model

HOOKS = [
    "on_epoch_begin",
    "on_epoch_end",
    *(
        f"on_{run}{part}_{end}"
        for run in ("train", "test", "predict")
        for part in ("", "_batch")
        for end in ("begin", "end")
    ),
    "on_train_progress",
    "on_test_progress",
    "on_predict_progress",
]


class Recorder(Callback):
    """Writes down which hook was called with what."""

    def __init__(self):
        self.events = []


for _hook in [*HOOKS, "on_batch_begin", "on_batch_end"]:

    def record(self, *args, _hook=_hook, **kwargs):
        self.events.append((_hook, *args, *kwargs.values()))
        getattr(Callback, _hook)(self, *args, **kwargs)

    setattr(Recorder, _hook, record)


@pytest.mark.parametrize("hook", HOOKS)
def test_each_event_reaches_each_callback(hook):
    first, second = Recorder(), Recorder()
    run = hook.endswith(("train_begin", "train_end", "test_begin", "test_end", "predict_begin", "predict_end"))
    arguments = ({"loss": 0.5},) if run else (3, {"loss": 0.5})
    getattr(CallbackList([first, [second]]), hook)(*arguments)
    assert first.events[0] == second.events[0] == (hook, *arguments)


def test_the_old_batch_hooks_are_called_by_the_new_ones():
    recorder = Recorder()
    callbacks = CallbackList([recorder])
    callbacks.on_train_batch_begin(0)
    callbacks.on_train_batch_end(0, {"loss": 1.0})
    callbacks.on_batch_end(1)
    assert [event[0] for event in recorder.events] == [
        "on_train_batch_begin",
        "on_batch_begin",
        "on_train_batch_end",
        "on_batch_end",
        "on_batch_end",
    ]


def test_logs_become_python_floats_flat_and_sorted():
    recorder = Recorder()
    outputs = np.ones((2, 1))
    CallbackList([recorder]).on_epoch_end(
        0, {"loss": np.float32(0.5), "head": {"b": np.array(2), "a": 1}, "outputs": outputs, "note": "x"}
    )
    logs = recorder.events[0][2]
    assert list(logs.items())[:4] == [("a", 1.0), ("b", 2.0), ("loss", 0.5), ("note", "x")]
    assert [type(logs[name]) for name in ("a", "b", "loss")] == [float] * 3
    assert logs["outputs"] is outputs


def test_what_one_callback_adds_to_the_logs_is_recorded():
    adder = LambdaCallback(on_epoch_end=lambda epoch, logs: logs.update(extra=epoch))
    callbacks = CallbackList(adder, add_history=True)
    callbacks.on_epoch_end(4, {"loss": 1.0})
    assert callbacks.history.history == {"loss": [1.0], "extra": [4]}


def test_model_and_parameters_are_handed_on():
    recorder, model = Recorder(), Model()
    callbacks = CallbackList([recorder], add_history=True, add_progbar=True, model=model, verbose=0, epochs=3, steps=7)
    assert recorder.model is callbacks.model is model
    assert recorder.params == {"verbose": 0, "epochs": 3, "steps": 7}
    assert model.history is callbacks.history
    assert isinstance(callbacks.callbacks[-1], ProgbarLogger)


def test_history_and_bar_of_the_caller_are_kept():
    history, bar = History(), ProgbarLogger()
    callbacks = CallbackList([history, bar], add_history=True, add_progbar=True)
    assert callbacks.callbacks == [history, bar]


def needs(*callbacks):
    callbacks = CallbackList(list(callbacks), add_history=True, add_progbar=True)
    return callbacks.needs_train_batches, callbacks.needs_test_batches, callbacks.needs_predict_batches


def test_nobody_needs_batches_unless_a_hook_is_overridden():
    class Old(Callback):
        def on_batch_end(self, batch, logs=None):
            pass

    class Test(Callback):
        def on_test_batch_begin(self, batch, logs=None):
            pass

    class Bar(ProgbarLogger):
        def on_train_batch_end(self, batch, logs=None):
            super().on_train_batch_end(batch, logs)

    assert needs() == (False, False, False)
    assert needs(TerminateOnNaN(), LambdaCallback(on_epoch_end=print)) == (False, False, False)
    assert needs(Old()) == (True, False, False)
    assert needs(Bar()) == (True, False, False)
    assert needs(Test()) == (False, True, False)
    assert needs(LambdaCallback(on_train_batch_begin=print)) == (True, False, False)
    assert needs(LambdaCallback(on_predict_batch_end=print)) == (False, False, True)


def test_progress_without_logs_is_passed_on_as_none():
    recorder = Recorder()
    CallbackList([recorder]).on_train_progress(5)
    assert recorder.events == [("on_train_progress", 5, None)]


def test_a_callback_that_knows_no_progress_is_skipped():
    class Foreign:
        def set_model(self, model):
            pass

    CallbackList([Foreign()]).on_train_progress(5)


def test_a_class_is_refused():
    with pytest.raises(TypeError, match=r"got the class History\. Write History\(\.\.\.\)"):
        CallbackList([History])


def test_a_function_is_refused():
    with pytest.raises(TypeError, match=r"got <built-in function print>\. Derive from .* LambdaCallback"):
        CallbackList(print)


def test_a_callback_need_not_call_the_constructor_of_its_base():
    class Mine(Callback):
        def __init__(self):
            pass

    assert Mine().model is None
    assert Mine().params is None
