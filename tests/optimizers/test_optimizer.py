"""The base: one step in its parts, its variables, and its pure form."""

import copy
import logging
import pickle

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxnn import optimizers
from jaxnn.core.variable import Variable
from jaxnn.optimizers import SGD, Adam, Optimizer, clipping

ALL = ["SGD", "Adagrad", "Adadelta", "RMSprop", "Adam", "AdamW", "Adamax", "Nadam", "Ftrl", "Lion", "Lamb", "Adafactor", "Muon", "ScheduleFreeAdamW"]  # fmt: skip


def ones(*shape, name="w"):
    return Variable(np.ones(shape, np.float32), name=name)


class KerasMomentum(Optimizer):
    """An optimiser as users of Keras 3 write them."""

    def __init__(self, learning_rate=0.1, mass=0.5, **kwargs):
        super().__init__(learning_rate=learning_rate, **kwargs)
        self.mass = mass

    def build(self, variables):
        super().build(variables)
        self.momentums = []
        for variable in variables:
            self.momentums.append(self.add_variable_from_reference(reference_variable=variable, name="momentum"))

    def update_step(self, gradient, variable, learning_rate):
        m = self.momentums[self._get_variable_index(variable)]
        self.assign(m, m * self.mass - gradient * learning_rate)
        self.assign_add(variable, m)

    def get_config(self):
        config = super().get_config()
        config.update({"mass": self.mass})
        return config


# --- one step ------------------------------------------------------------------------------------------------------------


def test_an_optimizer_written_for_keras_works_unchanged():
    w = ones(2)
    optimizer = KerasMomentum()
    for _ in range(2):
        optimizer.apply_gradients([(jnp.array([1.0, 2.0]), w)])
    # m = -0.1 g, then -0.05 g - 0.1 g: w = 1 - 0.25 g
    np.testing.assert_allclose(w.numpy(), [0.75, 0.5], rtol=1e-6)
    assert [v.path for v in optimizer.variables][2:] == ["keras_momentum/w_momentum"]
    assert KerasMomentum.from_config(optimizer.get_config()).get_config() == optimizer.get_config()


def test_a_subclass_may_change_the_step_of_a_named_optimizer():
    class Centralized(Adam):
        def update_step(self, gradient, variable, learning_rate):
            super().update_step(gradient - jnp.mean(gradient), variable, learning_rate)
            assert self._momentums[self._get_variable_index(variable)].shape == variable.shape

    w = ones(2)
    Centralized(0.25).apply([jnp.array([3.0, 3.0])], [w])
    np.testing.assert_array_equal(w.numpy(), [1.0, 1.0])


def test_gradients_that_are_none_leave_their_variables_with_a_warning():
    w, b = ones(2, name="kernel"), ones(2, name="bias")
    with pytest.warns(UserWarning, match=r"Gradients do not exist for variables \['kernel'\]"):
        SGD(0.5).apply([None, np.ones(2)], [w, b])
    np.testing.assert_array_equal(w.numpy(), [1, 1])
    np.testing.assert_array_equal(b.numpy(), [0.5, 0.5])


def test_no_gradient_at_all_is_a_mistake_and_no_list_at_all_is_not():
    w = ones(2)
    optimizer = SGD()
    optimizer.apply([])
    with pytest.raises(ValueError, match="No gradients provided for any variable"):
        optimizer.apply([None], [w])


def test_variables_it_was_not_built_for_are_refused():
    optimizer, w = SGD(), ones(2)
    with pytest.raises(ValueError, match="must already be built"):
        optimizer.apply([np.ones(2)])
    optimizer.build([w])
    with pytest.raises(ValueError, match="Unknown variable: 'stranger'"):
        optimizer.apply([np.ones(2)], [ones(2, name="stranger")])
    with pytest.raises(ValueError, match="Received a list of 2 gradients, but the optimizer is tracking 1"):
        optimizer.apply([np.ones(2), np.ones(2)])


def test_constraints_are_applied_after_the_step():
    w = ones(2)
    w.constraint = lambda x: jnp.maximum(x, 0.0)
    SGD(1.0).apply([np.array([5.0, 0.5])], [w])
    np.testing.assert_array_equal(w.numpy(), [0.0, 0.5])


def test_weight_decay_comes_before_the_step_and_spares_what_is_excluded():
    w, b, c = ones(1, name="kernel"), ones(1, name="bias"), ones(1, name="c")
    optimizer = SGD(0.5, weight_decay=0.5)
    optimizer.exclude_from_weight_decay(var_list=[c], var_names=["bias"])
    optimizer.apply([np.zeros(1)] * 3, [w, b, c])
    assert (w.numpy()[0], b.numpy()[0], c.numpy()[0]) == (0.75, 1.0, 1.0)


def test_the_three_ways_of_clipping():
    g = [jnp.array([3.0, 4.0]), jnp.array([12.0])]
    np.testing.assert_allclose(clipping.clip_by_norm(g[0], 1.0), [0.6, 0.8], rtol=1e-6)
    np.testing.assert_array_equal(clipping.clip_by_norm(jnp.zeros(2), 1.0), [0, 0])
    np.testing.assert_allclose(np.concatenate(clipping.clip_by_global_norm(g, 6.5)), [1.5, 2.0, 6.0], rtol=1e-6)
    np.testing.assert_array_equal(clipping.clip_by_global_norm(g, 100.0)[0], g[0])
    np.testing.assert_array_equal(clipping.clip_by_value(g[0], 3.5), [3.0, 3.5])
    assert np.isnan(clipping.clip_by_global_norm([jnp.array([jnp.inf])], 1.0)[0]).all()


def test_accumulated_gradients_step_by_their_mean():
    w, optimizer = ones(1), SGD(1.0, gradient_accumulation_steps=2)
    seen = []
    for g in (0.5, 0.25, 4.0):
        optimizer.apply([np.array([g])], [w])
        seen.append((float(w.numpy()[0]), int(optimizer.iterations), float(optimizer._accumulated_gradients[0][0])))
    assert seen == [(1.0, 0, 0.5), (0.625, 1, 0.0), (0.625, 1, 4.0)]


def test_the_average_starts_at_the_first_variables_and_takes_their_place():
    w, optimizer = ones(1), SGD(1.0, use_ema=True, ema_momentum=0.5)
    for _ in range(2):
        optimizer.apply([np.ones(1)], [w])  # w = 0, -1; average = 0, -0.5
    assert w.numpy()[0] == -1.0
    optimizer.finalize_variable_values([w])
    assert w.numpy()[0] == -0.5
    with pytest.raises(ValueError, match="does not match"):
        optimizer.finalize_variable_values([])


def test_a_variable_that_its_gradient_overwrites_has_no_slots():
    w, s = ones(2), ones(1, name="scale")
    s.overwrite_with_gradient = True
    optimizer = SGD(1.0, momentum=0.5)
    optimizer.apply([np.ones(2), np.array([7.0])], [w, s])
    assert s.numpy() == [7.0]
    assert [v.name for v in optimizer.variables] == ["iteration", "learning_rate", "w_momentum"]


def test_the_loss_scale_factor_multiplies_the_loss_and_divides_the_gradients():
    w, optimizer = ones(1), SGD(1.0, loss_scale_factor=4.0)
    assert optimizer.scale_loss(0.5) == 2.0
    optimizer.apply([np.array([2.0])], [w])
    assert w.numpy() == [0.5]


# --- the learning rate ---------------------------------------------------------------------------------------------------


def test_the_learning_rate_is_a_variable_that_can_be_set():
    w, optimizer = ones(1), SGD(0.5)
    optimizer.learning_rate = 0.25
    optimizer.apply([np.ones(1)], [w])
    assert (w.numpy()[0], float(optimizer.learning_rate), float(optimizer.lr)) == (0.75, 0.25, 0.25)
    optimizer.lr = 0.125
    assert float(optimizer.learning_rate) == 0.125


def test_lr_is_taken_for_learning_rate_and_says_so_once(monkeypatch):
    monkeypatch.setattr("jaxnn.core.config._said", set())
    with pytest.warns(UserWarning, match="`lr` is taken as `learning_rate`"):
        first = SGD(lr=0.5)
    second = Adam(lr=0.25, beta_1=0.5)  # a second note would be an error here
    assert (float(first.learning_rate), float(second.learning_rate)) == (0.5, 0.25)


def test_decay_follows_keras_2(monkeypatch):
    monkeypatch.setattr("jaxnn.core.config._said", set())
    with pytest.warns(UserWarning, match="decay=0.5 is followed as in Keras 2"):
        optimizer = SGD(1.0, decay=0.5)
    w = Variable([0.0])
    for _ in range(3):
        optimizer.apply([np.ones(1)], [w])
    np.testing.assert_allclose(w.numpy(), [-(1 / 1 + 1 / 1.5 + 1 / 2)], rtol=1e-6)
    assert float(optimizer.learning_rate) == 1.0
    assert optimizer.get_config()["decay"] == 0.5
    assert SGD.from_config(optimizer.get_config()).decay == 0.5
    assert "decay" not in SGD(0.1, decay=0.0).get_config()


def test_schedules_and_functions_may_be_learning_rates():
    for rate in (optimizers.schedules.InverseTimeDecay(1.0, 1, 1.0), lambda count: 1.0 / (count + 1)):
        w, optimizer = Variable([0.0]), SGD(rate)
        assert [v.name for v in optimizer.variables] == ["iteration"]
        for _ in range(2):
            optimizer.apply([np.ones(1)], [w])
        assert w.numpy() == [-1.5]
        assert float(optimizer.learning_rate) == pytest.approx(1 / 3)
        with pytest.raises(TypeError, match="not settable"):
            optimizer.learning_rate = 0.1
    assert SGD(lambda: 0.25).learning_rate == 0.25


def test_setting_a_schedule_drops_the_variable():
    optimizer = SGD(0.1)
    optimizer.learning_rate = optimizers.schedules.ExponentialDecay(0.1, 10, 0.5)
    assert [v.name for v in optimizer.variables] == ["iteration"]


@pytest.mark.parametrize("rate", ["fast", None, True, [0.1]])
def test_other_learning_rates_are_refused(rate):
    with pytest.raises(ValueError, match="`learning_rate` should be float"):
        SGD(rate)


# --- pure ----------------------------------------------------------------------------------------------------------------


def start(optimizer, variables):
    optimizer.build(variables)
    return [v.value for v in variables], [v.value for v in optimizer.variables]


@pytest.mark.parametrize("name", ALL)
def test_scan_and_jit_give_the_eager_steps_and_touch_no_variable(name):
    def fresh():
        return getattr(optimizers, name)(0.1, clipnorm=1.0, use_ema=True), [ones(2, 3), ones(3, name="b")]

    grads = [jnp.linspace(-1, 1, 5 * 6).reshape(5, 2, 3), jnp.linspace(-2, 1, 15).reshape(5, 3)]
    optimizer, variables = fresh()
    for i in range(5):
        optimizer.apply([g[i] for g in grads], variables)

    pure, untouched = fresh()
    carry = start(pure, untouched)

    def step(carry, g):
        return pure.stateless_apply(carry[1], g, carry[0]), None

    (w, _), _ = jax.jit(lambda c: jax.lax.scan(step, c, grads))(carry)
    for a, b in zip(w, variables, strict=True):
        np.testing.assert_allclose(a, b.numpy(), rtol=1e-5, atol=1e-6)  # fused products are rounded once
    np.testing.assert_array_equal(untouched[0].numpy(), np.ones((2, 3)))
    assert int(pure.iterations) == 0


@pytest.mark.parametrize("name", ["SGD", "Adam", "Nadam", "Adafactor"])
def test_vmapped_members_have_learning_rates_of_their_own(name):
    rates = jnp.array([0.5, 0.01, 0.001])
    grads = [jnp.linspace(-1, 1, 6).reshape(2, 3)]

    def build():
        optimizer = getattr(optimizers, name)(0.1)
        return optimizer, *start(optimizer, [ones(2, 3)])

    optimizer, w, slots = build()
    many = [jnp.broadcast_to(s, (3, *s.shape)) for s in slots]
    many[1] = rates
    members, state = jax.vmap(optimizer.stateless_apply, in_axes=(0, None, None))(many, grads, w)
    members, _ = jax.vmap(optimizer.stateless_apply, in_axes=(0, None, 0))(state, grads, members)
    for i, rate in enumerate(rates):
        optimizer, w, slots = build()
        slots[1] = rate
        for _ in range(2):
            w, slots = optimizer.stateless_apply(slots, grads, w)
        np.testing.assert_allclose(members[0][i], w[0], rtol=1e-6)


def test_stateless_apply_checks_its_lists():
    optimizer, w = SGD(), ones(2)
    with pytest.raises(ValueError, match="must be built"):
        optimizer.stateless_apply([], [], [])
    optimizer.build([w])
    with pytest.raises(ValueError, match="expected 2 variables"):
        optimizer.stateless_apply([0], [np.ones(2)], [np.ones(2)])
    with pytest.raises(ValueError, match="Received 0, but expected 1"):
        optimizer.stateless_apply([0, 0.1], [np.ones(2)], [])


# --- its variables -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ALL)
def test_building_compiles_nothing(name, caplog):
    with jax.log_compiles(), caplog.at_level(logging.DEBUG):
        getattr(optimizers, name)(0.1, use_ema=True).build([ones(7, 11)])
        assert not [r for r in caplog.records if "ompil" in r.getMessage()]
        jax.jit(lambda x: x + 1)(np.ones(77))  # what a compilation would look like
        assert [r for r in caplog.records if "ompil" in r.getMessage()]


@pytest.mark.parametrize("name", ALL)
def test_slots_have_their_variables_dtype(name):
    w = Variable(np.ones((2, 2)), dtype="bfloat16")
    optimizer = getattr(optimizers, name)(0.1)
    optimizer.apply([np.ones((2, 2))], [w])
    assert {v.dtype for v in optimizer.variables[2:]} <= {"bfloat16"}
    assert w.value.dtype == "bfloat16"


def test_variables_set_as_attributes_are_its_own():
    class Counting(SGD):
        def build(self, variables):
            super().build(variables)
            self.count = Variable(0.0, name="count")
            self.pair = [Variable(0.0, name="a"), Variable(0.0, name="b")]
            self.count = self.count

    optimizer = Counting()
    optimizer.build([ones(1)])
    assert [v.name for v in optimizer.variables] == ["iteration", "learning_rate", "count", "a", "b"]


def test_super_must_be_called_first():
    class Hasty(Optimizer):
        def __init__(self):
            self.mass = 1.0
            super().__init__(0.1)

    with pytest.raises(RuntimeError, match=r"forgot to call `super\(\).__init__\(\)`"):
        Hasty()


def test_names_and_initializers_go_in_pairs():
    optimizer = SGD()
    first, second = optimizer.add_optimizer_variables([ones(2)], ["a", "b"], ["zeros", "ones"])
    assert (first[0].numpy().tolist(), second[0].numpy().tolist()) == ([0, 0], [1, 1])
    with pytest.raises(ValueError, match="number of provided names"):
        optimizer.add_optimizer_variables([ones(2)], ["a", "b"], ["zeros"])


def test_a_store_takes_the_state_and_gives_it_back():
    w, v, store = ones(2), ones(2), {}
    first, second = Adam(0.5), Adam(0.1)
    first.apply([np.ones(2)], [w])
    first.save_own_variables(store)
    assert list(store) == ["0", "1", "2", "3"]
    second.build([v])
    second.load_own_variables(store)
    assert int(second.iterations) == 1
    assert float(second.learning_rate) == 0.5
    with pytest.warns(UserWarning, match="has 2 variables whereas the saved optimizer has 4"):
        Adam().load_own_variables(store)
    third = Adam()
    with pytest.raises(ValueError, match="has not yet been built"):
        third.set_weights(first.variables)
    third.build([v])
    third.set_weights(first.variables)
    np.testing.assert_array_equal(third.variables[3], first.variables[3])
    with pytest.raises(ValueError, match="not compatible"):
        third.set_weights([0, 0.1, np.ones(3)])


@pytest.mark.parametrize(
    "twin_of", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))], ids=["deepcopy", "pickle"]
)
def test_copies_go_on_by_themselves(twin_of):
    w = ones(2)
    optimizer = Adam(0.5)
    optimizer.apply([np.ones(2)], [w])
    other, v = twin_of((optimizer, w))
    optimizer.apply([np.ones(2)], [w])
    other.apply([np.ones(2)], [v])
    np.testing.assert_array_equal(v.numpy(), w.numpy())
    assert int(other.iterations) == 2


# --- by name -------------------------------------------------------------------------------------------------------------


def test_get_understands_names_configs_and_optimizers():
    adam = Adam()
    assert optimizers.get(adam) is adam
    assert optimizers.get(None) is None
    assert type(optimizers.get("AdamW")) is optimizers.AdamW
    assert type(optimizers.get("rmsprop")) is optimizers.RMSprop
    assert optimizers.get({"class_name": "sgd", "config": {"momentum": 0.5}}).momentum == 0.5


def test_get_answers_mistakes_with_a_hint():
    with pytest.raises(ValueError, match=r"Could not interpret optimizer identifier: rmspop. Did you mean 'rmsprop'\?"):
        optimizers.get("rmspop")
    with pytest.raises(ValueError, match=r"Pass an instance: Adam\(\)"):
        optimizers.get(Adam)
    with pytest.raises(ValueError, match="Could not interpret"):
        optimizers.get(3)


def test_custom_optimizers_come_back_from_their_configs():
    config = optimizers.serialize(KerasMomentum(mass=0.25))
    assert optimizers.deserialize(config, {"KerasMomentum": KerasMomentum}).mass == 0.25


def test_settings_of_keras_2_files_are_dropped():
    config = {"learning_rate": 0.5, "jit_compile": True, "is_legacy_optimizer": False, "decay": 0.0}
    assert float(optimizers.deserialize({"class_name": "Adam", "config": config}).learning_rate) == 0.5


def test_arguments_are_checked():
    with pytest.raises(ValueError, match=r"`momentum` must be a float between \[0, 1\]"):
        SGD(momentum=2.0)
    with pytest.raises(ValueError, match="Only one of `clipnorm`, `clipvalue` and `global_clipnorm`"):
        SGD(clipnorm=1.0, clipvalue=1.0)
    with pytest.raises(ValueError, match="must be an integer >= 2"):
        SGD(gradient_accumulation_steps=1)
    with pytest.raises(ValueError, match="`ema_momentum` must be in the range"):
        SGD(use_ema=True, ema_momentum=2.0)
    with pytest.raises(ValueError, match=r"not recognized: \{'clip': 1\}"):
        SGD(clip=1)
    with pytest.raises(ValueError, match="`weight_decay` must be a float"):
        optimizers.AdamW(weight_decay=None)
    with pytest.raises(ValueError, match="`beta_1` must be in"):
        optimizers.Lion(beta_1=0.0)
    with pytest.raises(ValueError, match="`l1_regularization_strength` needs to be positive or zero"):
        optimizers.Ftrl(l1_regularization_strength=-1.0)
    with pytest.raises(ValueError, match="`learning_rate_power` needs to be negative or zero"):
        optimizers.Ftrl(learning_rate_power=1.0)


def test_the_base_arguments_may_come_by_position():
    assert SGD(0.1, 0.5, True, 0.25, 3.0).get_config()["clipnorm"] == 3.0
