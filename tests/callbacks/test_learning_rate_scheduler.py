import jax.numpy as jnp
import pytest

from jaxnn.callbacks import History, LearningRateScheduler

from .models import Model, Optimizer, Optimizers, train


def test_the_rate_of_each_epoch_is_set_and_logged():
    history = History()
    model = Model(Optimizer(1.0))
    train([LearningRateScheduler(lambda epoch, rate: rate / 2 if epoch else rate), history], [{"loss": 1.0}] * 3, model)
    assert history.history["learning_rate"] == [1.0, 0.5, 0.25]


@pytest.mark.parametrize("schedule", [lambda epoch: 0.5, lambda epoch, rate: jnp.float32(0.5), lambda *a: rate_of(*a)])
def test_schedules_of_the_epoch_alone_and_of_arrays_work(schedule):
    assert train(LearningRateScheduler(schedule), [{}]).optimizer.learning_rate == 0.5


def rate_of(epoch, rate):
    return 0.5


@pytest.mark.parametrize("wrong", ["0.1", 1, None, jnp.ones(2), jnp.int32(1)])
def test_a_schedule_that_gives_no_float_is_refused(wrong):
    with pytest.raises(ValueError, match=r"The output of the `schedule` function should be a float\. Got: "):
        train(LearningRateScheduler(lambda epoch: wrong), [{}])


def test_an_error_inside_the_schedule_is_shown_as_it_is():
    with pytest.raises(TypeError, match="unsupported operand"):
        train(LearningRateScheduler(lambda epoch, rate: rate + "x"), [{}])


def test_an_optimizer_without_a_rate_is_refused():
    with pytest.raises(ValueError, match='must have a "learning_rate" attribute; got object'):
        train(LearningRateScheduler(lambda epoch: 0.1), [{}], Model(object()))


def test_each_value_is_told_if_asked(capsys):
    train(LearningRateScheduler(lambda epoch: 0.5, verbose=1), [{}])
    assert capsys.readouterr().out == "Epoch 1: LearningRateScheduler setting learning rate to 0.5.\n"


def test_several_optimizers_are_logged_by_name():
    history = History()
    model = Model(Optimizers(Optimizer(1.0, "one"), Optimizer(0.5, "two")))
    train([LearningRateScheduler(lambda epoch, rate: rate / 2), history], [{"loss": 1.0}], model)
    assert history.history == {"loss": [1.0], "learning_rate_one": [0.5], "learning_rate_two": [0.25]}
