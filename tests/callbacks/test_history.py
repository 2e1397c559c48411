import json

import pytest

from jaxnn.callbacks import History

from .models import Model, train


def test_history_records_each_epoch():
    history = History()
    model = train(history, [{"loss": 1.0, "accuracy": 0.5}, {"loss": 0.5, "accuracy": 0.75}])
    assert history.history == {"loss": [1.0, 0.5], "accuracy": [0.5, 0.75]}
    assert history.epoch == [0, 1]
    assert model.history is history


def test_a_second_run_counts_epochs_anew_and_goes_on_recording():
    history = History()
    train(history, [{"loss": 1.0}])
    train(history, [{"loss": 0.5}])
    assert history.history == {"loss": [1.0, 0.5]}
    assert history.epoch == [0]


@pytest.mark.parametrize(("logged", "asked"), [("accuracy", "acc"), ("acc", "accuracy"), ("val_accuracy", "val_acc"), ("val_acc", "val_accuracy")])  # fmt: skip
def test_accuracy_answers_to_both_its_names(logged, asked):
    history = History()
    history.on_epoch_end(0, {logged: 0.5})
    assert history.history[asked] == [0.5]


def test_the_second_name_leaves_no_trace():
    history = History()
    history.on_epoch_end(0, {"accuracy": 0.5})
    assert history.history["acc"] == [0.5]
    assert history.history == {"accuracy": [0.5]}
    assert list(history.history) == ["accuracy"]
    assert len(history.history) == 1
    assert "acc" not in history.history
    assert json.dumps(history.history) == '{"accuracy": [0.5]}'


def test_each_name_has_its_own_values_if_both_are_logged():
    history = History()
    history.on_epoch_end(0, {"accuracy": 0.5, "acc": 0.25})
    assert history.history["acc"] == [0.25]


def test_a_missing_name_is_told_with_what_there_is():
    history = History()
    train(history, [{"loss": 1.0}], Model())
    with pytest.raises(KeyError, match=r"nothing was recorded as 'val_loss'; there are 'loss'\. Pass validation data"):
        history.history["val_loss"]
