import numpy as np
import pytest

from jaxnn.callbacks import EarlyStopping, ReduceLROnPlateau

from .models import Metric, Model, Optimizer, Optimizers, train


def losses(*values, name="val_loss"):
    return [{name: value} for value in values]


def test_early_stopping_waits_patience_epochs():
    stopping = EarlyStopping(patience=2)
    model = train(stopping, losses(3.0, 2.0, 2.5, 2.0, 1.0))
    assert model.stop_training
    assert stopping.stopped_epoch == 3  # epochs 2 and 3 are no better than epoch 1
    assert stopping.best == 2.0


def test_early_stopping_does_not_stop_while_it_improves():
    assert not train(EarlyStopping(patience=1), losses(3.0, 3.5, 2.0, 2.5, 1.0)[::2]).stop_training


def test_a_change_below_min_delta_is_no_improvement():
    stopping = EarlyStopping(min_delta=0.5, patience=1)
    train(stopping, losses(3.0, 2.6, 1.0))
    assert stopping.stopped_epoch == 1


def test_the_best_weights_are_restored_also_when_nothing_was_stopped():
    model = train(EarlyStopping(patience=10, restore_best_weights=True), losses(3.0, 1.0, 2.0))
    assert not model.stop_training
    np.testing.assert_array_equal(model.weights[0], [1.0, 1.0])


def test_weights_stay_without_restore():
    model = train(EarlyStopping(patience=10), losses(3.0, 1.0, 2.0))
    np.testing.assert_array_equal(model.weights[0], [2.0, 2.0])


def test_an_epoch_below_the_baseline_does_not_restart_patience_but_is_the_best():
    stopping = EarlyStopping(patience=3, baseline=1.0, restore_best_weights=True)
    model = train(stopping, losses(5.0, 4.0, 4.5, 4.2, 4.1))
    assert stopping.stopped_epoch == 2
    np.testing.assert_array_equal(model.weights[0], [1.0, 1.0])


def test_the_first_epochs_may_be_left_out():
    stopping = EarlyStopping(patience=1, start_from_epoch=3)
    train(stopping, losses(1.0, 2.0, 3.0, 4.0, 5.0, 6.0))
    assert stopping.best == 4.0
    assert stopping.stopped_epoch == 4


def test_a_callback_can_be_used_again():
    stopping = EarlyStopping(patience=1)
    train(stopping, losses(1.0, 2.0))
    train(stopping, losses(5.0, 4.0))
    assert stopping.stopped_epoch == 0
    assert stopping.best == 4.0


def test_auto_asks_the_compiled_metric_which_way_it_improves():
    metrics = [Metric("accuracy", "up"), Metric("mae", "down")]
    stopping = EarlyStopping("val_accuracy", patience=1)
    train(stopping, losses(0.5, 0.6, 0.4, 0.7, name="val_accuracy"), Model(metrics=metrics))
    assert stopping.stopped_epoch == 2
    stopping = EarlyStopping("mae", patience=1)
    train(stopping, losses(0.5, 0.4, 0.6, name="mae"), Model(metrics=metrics))
    assert stopping.best == 0.4


def test_auto_refuses_to_guess():
    with pytest.raises(ValueError, match=r"'val_score' does not\. Pass mode='min' or mode='max'"):
        train(EarlyStopping("val_score"), losses(1.0, name="val_score"), Model(metrics=[Metric("score")]))


def test_an_unknown_mode_is_told_and_becomes_auto():
    with pytest.warns(UserWarning, match="EarlyStopping mode 'best' is unknown: it must be 'auto', 'min' or 'max'"):
        assert EarlyStopping(mode="best").mode == "auto"


@pytest.mark.parametrize("callback", [EarlyStopping(), ReduceLROnPlateau()])
def test_a_monitor_that_is_not_logged_is_told_with_what_there_is(callback):
    with pytest.warns(UserWarning, match=r"got 'val_loss', available metrics are: accuracy"):
        train(callback, [{"accuracy": 0.5}])


def test_what_happens_is_told_if_asked(capsys):
    train(EarlyStopping(patience=1, restore_best_weights=True, verbose=1), losses(1.0, 2.0))
    assert capsys.readouterr().out == (
        "Epoch 2: early stopping\nRestoring model weights from the end of the best epoch: 1.\n"
    )


def test_a_plateau_reduces_the_rate_down_to_its_limit():
    callback = ReduceLROnPlateau(factor=0.5, patience=1, min_lr=0.3)
    rates = []
    model = Model(Optimizer(1.0))
    callback.set_model(model)
    callback.on_train_begin()
    for epoch in range(5):
        logs = {"val_loss": 1.0}
        callback.on_epoch_end(epoch, logs)
        rates.append((logs["learning_rate"], float(model.optimizer.learning_rate)))
    # logged is the rate of the epoch, set is that of the next one
    low = float(np.float32(0.3))
    assert rates == [(1.0, 1.0), (1.0, 0.5), (0.5, low), (low, low), (low, low)]


def test_cooldown_delays_the_next_reduction():
    model = train(ReduceLROnPlateau(factor=0.5, patience=1, cooldown=2), losses(*[1.0] * 5), Model(Optimizer(1.0)))
    # reduced after epoch 1; epochs 2 and 3 cool down, and the last of them already counts; next after epoch 3
    assert model.optimizer.learning_rate == 0.25


def test_each_of_several_optimizers_is_reduced(capsys):
    optimizers = Optimizers(Optimizer(1.0, "one"), Optimizer(0.5, "two"))
    callback = ReduceLROnPlateau(factor=0.5, patience=1, verbose=1)
    train(callback, losses(1.0, 1.0), Model(optimizers))
    assert [o.learning_rate for o in optimizers.optimizers] == [0.5, 0.25]
    assert "Epoch 2: ReduceLROnPlateau reducing two learning rate to 0.25." in capsys.readouterr().out


def test_a_factor_of_one_is_refused():
    with pytest.raises(ValueError, match=r"does not support a factor >= 1.0. Received factor=1"):
        ReduceLROnPlateau(factor=1)


def test_unknown_arguments_are_told():
    with pytest.warns(UserWarning, match="unknown arguments have no effect: epsilon"):
        ReduceLROnPlateau(epsilon=1e-4)
