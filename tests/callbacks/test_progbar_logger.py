import pytest

from jaxnn.callbacks import CallbackList


def bar(**params):
    return CallbackList(add_progbar=True, **{"verbose": 1, "epochs": 1, "steps": 4, **params})


def test_fit_writes_a_heading_and_a_line_for_each_epoch(capsys):
    callbacks = bar(epochs=2)
    callbacks.on_train_begin()
    for epoch in range(2):
        callbacks.on_epoch_begin(epoch)
        callbacks.on_train_progress(4)
        callbacks.on_test_begin()
        callbacks.on_test_progress(2, {"loss": 9.0})
        callbacks.on_test_end({"loss": 9.0})
        callbacks.on_epoch_end(epoch, {"loss": 0.5, "val_loss": 0.25})
    callbacks.on_train_end()
    lines = capsys.readouterr().out.splitlines()
    assert lines[0::2] == ["Epoch 1/2", "Epoch 2/2"]
    assert [line.split(" ")[0] for line in lines[1::2]] == ["4/4", "4/4"]
    assert all(line.endswith("/step - loss: 0.5000 - val_loss: 0.2500") for line in lines[1::2])


@pytest.mark.parametrize(("verbose", "shown"), [("auto", True), (0, False), (2, True)])
def test_verbosity_decides_what_is_shown(capsys, verbose, shown):
    callbacks = bar(verbose=verbose)
    callbacks.on_test_begin()
    callbacks.on_test_batch_end(0, {"loss": 1.0})
    callbacks.on_test_end({"loss": 0.5})
    assert ("loss: 0.5000" in capsys.readouterr().out) is shown


def test_evaluation_after_fit_has_a_bar_of_its_own(capsys):
    callbacks = bar(verbose=2)
    callbacks.on_train_begin()
    callbacks.on_train_end()
    callbacks.on_test_begin()
    callbacks.on_test_end({"loss": 0.5})
    assert capsys.readouterr().out != ""


def test_prediction_shows_steps_only(capsys):
    callbacks = bar()
    callbacks.on_predict_begin()
    callbacks.on_predict_batch_end(3, {"outputs": [1.0]})
    callbacks.on_predict_end()
    shown = capsys.readouterr().out
    assert shown.endswith("/step\n")
    assert "outputs" not in shown


def test_the_first_epoch_tells_an_unknown_length(capsys):
    callbacks = bar(steps=None, verbose=2)
    callbacks.on_train_begin()
    callbacks.on_epoch_begin(0)
    for batch in range(7):
        callbacks.on_train_batch_end(batch, {"loss": 1.0})
    callbacks.on_epoch_end(0, {"loss": 1.0})
    callbacks.on_epoch_begin(1)
    callbacks.on_epoch_end(1, {"loss": 1.0})
    assert [line.split(" ")[0] for line in capsys.readouterr().out.splitlines()] == ["7/7", "7/7"]


def test_an_epoch_that_was_cut_short_says_so(capsys):
    callbacks = bar(verbose=2)
    callbacks.on_epoch_begin(0)
    callbacks.on_train_progress(3, {"loss": 1.0})
    callbacks.on_epoch_end(0, {"loss": 1.0})
    assert capsys.readouterr().out.startswith("3/4 - ")
