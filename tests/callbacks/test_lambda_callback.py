import pytest

from jaxnn.callbacks import CallbackList, LambdaCallback


def test_functions_are_called_at_their_moments():
    events = []
    callbacks = CallbackList(
        LambdaCallback(
            on_train_begin=lambda logs: events.append("begin"),
            on_epoch_begin=lambda epoch, logs: events.append(("epoch", epoch)),
            on_train_batch_end=lambda batch, logs: events.append((batch, logs["loss"])),
            on_batch_begin=lambda batch, logs: events.append(("old", batch)),
            on_test_end=lambda logs: events.append("tested"),
            on_train_progress=lambda step, logs: events.append(("progress", step)),
        )
    )
    callbacks.on_train_begin()
    callbacks.on_epoch_begin(2)
    callbacks.on_train_batch_begin(0)
    callbacks.on_train_batch_end(0, {"loss": 0.5})
    callbacks.on_test_end()
    callbacks.on_train_progress(4)
    callbacks.on_train_end()
    assert events == ["begin", ("epoch", 2), ("old", 0), (0, 0.5), "tested", ("progress", 4)]


def test_a_hook_that_nobody_calls_is_told():
    with pytest.warns(UserWarning, match=r"nothing calls `on_epoch_finish`\. Did you mean 'on_epoch_"):
        LambdaCallback(on_epoch_finish=print)
