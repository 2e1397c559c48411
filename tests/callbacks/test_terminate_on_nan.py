import pytest

from jaxnn.callbacks import CallbackList, TerminateOnNaN

from .models import Model

INVALID = [float("nan"), float("inf"), -float("inf")]


@pytest.mark.parametrize("loss", INVALID)
def test_an_invalid_loss_stops_training(loss, capsys):
    model = Model()
    callbacks = CallbackList([TerminateOnNaN()], model=model)
    callbacks.on_train_batch_end(0, {"loss": 1.0})
    assert not model.stop_training
    callbacks.on_train_batch_end(1, {"loss": loss})
    assert model.stop_training
    assert capsys.readouterr().out == "Batch 1: Invalid loss, terminating training\n"


def test_many_batches_at_once_are_looked_at_in_the_end(capsys):
    model = Model()
    callbacks = CallbackList([TerminateOnNaN()], model=model)
    callbacks.on_train_progress(10)
    callbacks.on_train_progress(20, {"loss": float("nan")})
    callbacks.on_epoch_end(0, {"loss": float("nan")})
    assert model.stop_training
    assert capsys.readouterr().out == "Batch 19: Invalid loss, terminating training\n"


def test_an_epoch_of_which_nothing_was_shown_is_looked_at(capsys):
    model = Model()
    CallbackList([TerminateOnNaN()], model=model).on_epoch_end(0, {"loss": float("nan")})
    assert model.stop_training
    assert capsys.readouterr().out == "Epoch 1: Invalid loss, terminating training\n"


def test_it_can_raise_instead():
    model = Model()
    with pytest.raises(RuntimeError, match=r"NaN or Inf loss encountered at batch 3\. Loss value: nan"):
        CallbackList([TerminateOnNaN(raise_error=True)], model=model).on_train_batch_end(3, {"loss": float("nan")})
    assert not model.stop_training
