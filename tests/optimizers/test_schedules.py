"""Schedules at the steps that matter."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxnn.core.variable import Variable
from jaxnn.optimizers import SGD, schedules


def rates(schedule, *steps):
    return [round(float(schedule(step)), 6) for step in steps]


def test_exponential_decay_multiplies_once_every_decay_steps():
    assert rates(schedules.ExponentialDecay(0.1, 10, 0.5), 0, 10, 20) == [0.1, 0.05, 0.025]
    assert rates(schedules.ExponentialDecay(0.1, 10, 0.5, staircase=True), 9, 10, 19) == [0.1, 0.05, 0.05]


def test_inverse_time_decay_is_keras_2s_decay():
    assert rates(schedules.InverseTimeDecay(1.0, 1, 0.5), 0, 1, 2) == [1.0, round(1 / 1.5, 6), 0.5]
    assert rates(schedules.InverseTimeDecay(1.0, 2, 1.0, staircase=True), 1, 2, 3) == [1.0, 0.5, 0.5]


def test_piecewise_constant_boundaries_belong_to_the_interval_before():
    assert rates(schedules.PiecewiseConstantDecay([2, 4], [1.0, 0.5, 0.25]), 0, 2, 3, 4, 5) == [1, 1, 0.5, 0.5, 0.25]


def test_polynomial_decay_ends_or_cycles():
    assert rates(schedules.PolynomialDecay(1.0, 10, 0.0, power=2.0), 0, 5, 10, 99) == [1.0, 0.25, 0.0, 0.0]
    assert rates(schedules.PolynomialDecay(1.0, 10, 0.0, cycle=True), 10, 15, 20) == [0.0, 0.25, 0.0]


def test_cosine_decay_with_and_without_a_warm_up():
    assert rates(schedules.CosineDecay(1.0, 10, alpha=0.5), 0, 5, 10, 99) == [1.0, 0.75, 0.5, 0.5]
    assert rates(schedules.CosineDecay(0, 10, warmup_target=1.0, warmup_steps=4), 0, 1, 4, 9) == [0.0, 0.25, 1.0, 0.5]


def test_cosine_restarts_take_longer_each_time():
    schedule = schedules.CosineDecayRestarts(1.0, 10, t_mul=2.0, m_mul=0.5)
    assert rates(schedule, 0, 5, 10, 20, 30) == [1.0, 0.5, 0.5, 0.25, 0.25]
    assert rates(schedules.CosineDecayRestarts(1.0, 10, t_mul=1.0), 5, 10, 15) == [0.5, 1.0, 0.5]


@pytest.mark.parametrize("cls", ["ExponentialDecay", "InverseTimeDecay", "PolynomialDecay", "CosineDecay"])
def test_schedules_run_compiled_on_variables_and_over_members(cls):
    arguments = {"decay_rate": 0.5} if cls in ("ExponentialDecay", "InverseTimeDecay") else {}
    schedule = getattr(schedules, cls)(initial_learning_rate=0.1, decay_steps=10, **arguments)
    expected = [float(schedule(step)) for step in (0, 3, 7)]
    steps = jnp.array([0, 3, 7])
    np.testing.assert_allclose(jax.jit(jax.vmap(schedule))(steps), expected, rtol=1e-6)
    assert float(schedule(Variable(3))) == expected[1]


def test_steps_and_lengths_are_checked():
    with pytest.raises(ValueError, match="`decay_steps` must be > 0"):
        schedules.CosineDecay(0.1, 0)
    with pytest.raises(ValueError, match="length of boundaries should be 1 less"):
        schedules.PiecewiseConstantDecay([1, 2], [0.1])


def test_a_users_schedule_trains_and_asks_for_a_config_when_saved():
    class Halving(schedules.LearningRateSchedule):
        def __call__(self, step):
            return 0.5 ** (step + 1)

    w, optimizer = Variable([0.0]), SGD(Halving())
    for _ in range(2):
        optimizer.apply([np.ones(1)], [w])
    assert w.numpy() == [-0.75]
    with pytest.raises(NotImplementedError, match=r"'Halving' must override `get_config\(\)`"):
        optimizer.get_config()
    with pytest.raises(NotImplementedError, match="must override `__call__"):
        schedules.LearningRateSchedule()(0)


def test_a_subclass_of_a_schedule_has_its_config():
    class Mine(schedules.ExponentialDecay):
        pass

    assert Mine(0.1, 10, 0.5).get_config() == schedules.ExponentialDecay(0.1, 10, 0.5).get_config()


def test_an_optimizer_with_a_schedule_comes_back():
    optimizer = SGD(schedules.PiecewiseConstantDecay([2], [1.0, 0.5]))
    again = SGD.from_config(optimizer.get_config())
    assert rates(lambda step: again._learning_rate(step), 2, 3) == [1.0, 0.5]


def test_old_configs_without_a_module_are_found():
    config = {
        "class_name": "ExponentialDecay",
        "config": {"initial_learning_rate": 0.1, "decay_steps": 1, "decay_rate": 0.5},
    }
    assert rates(schedules.deserialize(config), 1) == [0.05]
