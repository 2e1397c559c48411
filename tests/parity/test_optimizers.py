"""Every optimiser against Keras: the same variables after 25 steps, the same slots, the same configs, bit for bit."""

import inspect
import json

import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jaxnn import optimizers
from jaxnn.core import naming
from jaxnn.core.variable import Variable

# Keras's `Variable.numpy` has an `__array__` without NumPy 2's argument
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

NAMES = [
    "SGD", "Adagrad", "Adadelta", "RMSprop", "Adam", "AdamW", "Adamax", "Nadam", "Ftrl", "Lion", "Lamb", "Adafactor", "ScheduleFreeAdamW", "Muon",
]  # fmt: skip
SHAPES = {"kernel": (3, 4), "bias": (4,), "scale": (), "filter": (2, 3, 2)}
STEPS = 20

unit = st.floats(0.05, 0.95).map(lambda x: round(x, 3))
rate = st.sampled_from([1e-4, 0.003, 0.1])
epsilon = st.sampled_from([1e-7, 1e-3])
OWN = {
    "SGD": {"momentum": st.sampled_from([0.0, 0.5, 0.9]), "nesterov": st.booleans()},
    "Adagrad": {"initial_accumulator_value": st.sampled_from([0.0, 0.1, 1.0]), "epsilon": epsilon},
    "Adadelta": {"rho": unit, "epsilon": epsilon},
    "RMSprop": {"rho": unit, "momentum": st.sampled_from([0.0, 0.9]), "epsilon": epsilon, "centered": st.booleans()},
    "Adam": {"beta_1": unit, "beta_2": unit, "epsilon": epsilon, "amsgrad": st.booleans()},
    "AdamW": {"beta_1": unit, "beta_2": unit, "epsilon": epsilon, "amsgrad": st.booleans()},
    "Adamax": {"beta_1": unit, "beta_2": unit, "epsilon": epsilon},
    "Nadam": {"beta_1": unit, "beta_2": unit, "epsilon": epsilon},
    "Ftrl": {
        "learning_rate_power": st.sampled_from([-0.5, -0.8, 0.0]),
        "l1_regularization_strength": st.sampled_from([0.0, 0.05]),
        "l2_regularization_strength": st.sampled_from([0.0, 0.05]),
        "l2_shrinkage_regularization_strength": st.sampled_from([0.0, 0.05]),
        "beta": st.sampled_from([0.0, 0.5]),
    },
    "Lion": {"beta_1": unit, "beta_2": unit},
    "Lamb": {"beta_1": unit, "beta_2": unit, "epsilon": epsilon},
    "ScheduleFreeAdamW": {"beta_1": unit, "beta_2": unit, "warmup_steps": st.sampled_from([0, 5])},
    "Muon": {
        "momentum": unit,
        "nesterov": st.booleans(),
        "rms_rate": st.sampled_from([None, 0.2]),
        "exclude_layers": st.sampled_from([None, ["kern"]]),
    },
    "Adafactor": {"clip_threshold": st.sampled_from([0.5, 1.0]), "relative_step": st.booleans()},
}
CLIPPING = st.sampled_from([{}, {}, {"clipnorm": 0.5}, {"clipvalue": 0.3}, {"global_clipnorm": 0.7}])
SHARED = st.fixed_dictionaries(
    {},
    optional={
        "weight_decay": st.sampled_from([0.004, 0.1]),
        "loss_scale_factor": st.just(8.0),
    },
)
AVERAGING = st.sampled_from([
    {}, {}, {"use_ema": True, "ema_momentum": 0.8}, {"use_ema": True, "ema_overwrite_frequency": 4},
])  # fmt: skip


@st.composite
def optimizer_configs(draw):
    name = draw(st.sampled_from(NAMES))
    config = {"learning_rate": draw(rate), **draw(st.fixed_dictionaries(OWN[name]))}
    return name, {**config, **draw(CLIPPING), **draw(SHARED), **draw(AVERAGING)}


def weights(seed):
    rng = np.random.default_rng(seed)
    return [rng.normal(size=shape).astype("float32") for shape in SHAPES.values()]


def gradients(seed, steps=STEPS):
    """Steps of very different sizes, down to 1e-6, where an epsilon in another place would show."""
    rng = np.random.default_rng(seed)
    sizes = 10.0 ** rng.choice([-6, -3, 0, 1], size=steps)
    return [[(size * rng.normal(size=shape)).astype("float32") for shape in SHAPES.values()] for size in sizes]


def built_pair(name, config, seed=0):
    """Keras's optimiser and ours, each built for the same four variables."""
    naming.reset()
    keras.backend.clear_session()
    result = []
    for module, variable_class in ((keras.optimizers, keras.Variable), (optimizers, Variable)):
        optimizer = getattr(module, name)(**config)
        variables = [variable_class(v, name=k) for k, v in zip(SHAPES, weights(seed), strict=True)]
        optimizer.build(variables)
        result += [optimizer, variables]
    return result


def assert_equal(theirs, ours):
    for a, b in zip(theirs, ours, strict=True):
        np.testing.assert_array_equal(np.asarray(b), np.asarray(a))


def run_eagerly(drawn, seed):
    theirs, their_variables, ours, our_variables = built_pair(*drawn, seed)
    for grads in gradients(seed, 12):
        theirs.apply(grads, their_variables)
        ours.apply(grads, our_variables)
    assert_equal(their_variables, our_variables)
    assert_equal(theirs.variables, ours.variables)
    theirs.finalize_variable_values(their_variables)
    ours.finalize_variable_values(our_variables)
    assert_equal(their_variables, our_variables)


@settings(max_examples=5, derandomize=True, deadline=None)
@given(optimizer_configs(), st.integers(0, 3))
def test_eager_steps_give_keras_numbers(drawn, seed):
    run_eagerly(drawn, seed)


@pytest.mark.slow
@settings(max_examples=60, derandomize=True, deadline=None)
@given(optimizer_configs(), st.integers(0, 3))
def test_many_eager_steps_give_keras_numbers(drawn, seed):
    run_eagerly(drawn, seed)


def run_compiled(optimizer, variables, grads):
    """All steps in one `lax.scan`: one compilation, and the fused arithmetic of `fit`."""

    def step(carry, g):
        return optimizer.stateless_apply(carry[1], g, carry[0]), None

    start = ([jnp.asarray(v.value) for v in variables], [jnp.asarray(v.value) for v in optimizer.variables])
    stacked = [jnp.stack(column) for column in zip(*grads, strict=True)]
    return jax.jit(lambda carry, g: jax.lax.scan(step, carry, g)[0])(start, stacked)


def compare_compiled(name, config):
    theirs, their_variables, ours, our_variables = built_pair(name, config)
    their_end = run_compiled(theirs, their_variables, gradients(1))
    our_end = run_compiled(ours, our_variables, gradients(1))
    assert_equal(their_end[0], our_end[0])
    assert_equal(their_end[1], our_end[1])


@pytest.mark.parametrize("name", NAMES)
def test_compiled_steps_give_keras_numbers(name):
    own = {"SGD": {"momentum": 0.9, "nesterov": True}, "RMSprop": {"momentum": 0.9, "centered": True}}.get(name, {})
    compare_compiled(name, {"learning_rate": 0.01, "clipnorm": 1.0, "weight_decay": 0.01, **own})


@pytest.mark.parametrize("name", ["SGD", "Nadam", "Ftrl"])
def test_accumulated_gradients_give_keras_numbers(name):
    options = {"gradient_accumulation_steps": 3, "use_ema": True, "ema_overwrite_frequency": 2, "global_clipnorm": 1.0}
    compare_compiled(name, {"learning_rate": 0.01, **options})


def test_a_schedule_gives_keras_numbers():
    ends = []
    for module, variable_class in ((keras.optimizers, keras.Variable), (optimizers, Variable)):
        optimizer = module.Adam(module.schedules.ExponentialDecay(0.1, 7, 0.5), weight_decay=0.1)
        variable = variable_class(weights(0)[0])
        for grads in gradients(0, 10):
            optimizer.apply(grads[:1], [variable])
        ends.append([variable, *optimizer.variables])
    assert_equal(*ends)


# --- what files and scripts see ----------------------------------------------------------------------------------------

LAYOUTS = [
    *((name, {}) for name in NAMES),
    ("SGD", {"momentum": 0.5}),
    ("RMSprop", {"momentum": 0.5, "centered": True}),
    ("Adam", {"amsgrad": True, "use_ema": True, "gradient_accumulation_steps": 2}),
]


def layout(variables):
    return [(v.path, v.name, v.shape, str(v.dtype), v.trainable, v.aggregation) for v in variables]


@pytest.mark.parametrize(("name", "config"), LAYOUTS)
def test_the_variables_have_keras_order_names_shapes_and_first_values(name, config):
    theirs, _, ours, _ = built_pair(name, config)
    assert layout(ours.variables) == layout(theirs.variables)
    assert_equal(theirs.variables, ours.variables)


@pytest.mark.parametrize("name", ["Nadam", "Adafactor"])
def test_variables_born_in_the_first_step_have_keras_paths(name):
    naming.reset()
    keras.backend.clear_session()
    theirs, ours = getattr(keras.optimizers, name)(), getattr(optimizers, name)()
    theirs.apply([np.ones(2)], [keras.Variable(np.ones(2), name="w")])
    ours.apply([np.ones(2)], [Variable(np.ones(2), name="w")])
    assert layout(ours.variables) == layout(theirs.variables)


@pytest.mark.parametrize("name", ["Adam", "RMSprop", "Adafactor"])
def test_training_goes_on_from_a_store_that_keras_wrote(name):
    theirs, their_variables, ours, our_variables = built_pair(name, {"learning_rate": 0.01})
    steps, store = gradients(0, 6), {}
    for grads in steps[:3]:
        theirs.apply(grads, their_variables)
    theirs.save_own_variables(store)
    ours.load_own_variables(store)
    for mine, other in zip(our_variables, their_variables, strict=True):
        mine.assign(np.asarray(other))
    for grads in steps[3:]:
        theirs.apply(grads, their_variables)
        ours.apply(grads, our_variables)
    assert_equal(their_variables, our_variables)


@settings(max_examples=40, derandomize=True, deadline=None)
@given(optimizer_configs())
def test_configs_are_keras_configs_and_come_back(drawn):
    name, config = drawn
    theirs, ours = getattr(keras.optimizers, name)(name="o", **config), getattr(optimizers, name)(name="o", **config)
    assert ours.get_config() == theirs.get_config()
    assert optimizers.serialize(ours) == keras.optimizers.serialize(theirs)
    written = json.loads(json.dumps(keras.optimizers.serialize(theirs)))
    assert optimizers.deserialize(written).get_config() == theirs.get_config()
    assert keras.optimizers.deserialize(optimizers.serialize(ours)).get_config() == theirs.get_config()


SHOWN = [
    *(name for name in NAMES if name != "Muon"),
    "Optimizer",
    "LossScaleOptimizer",
    "MultiOptimizer",
    "OptimizerMap",
]


@pytest.mark.parametrize("name", SHOWN)
def test_constructors_take_keras_arguments_in_keras_order(name):
    def shown(cls):
        return [(p.name, p.default, p.kind) for p in inspect.signature(cls.__init__).parameters.values()]

    assert shown(getattr(optimizers, name)) == shown(getattr(keras.optimizers, name))


@pytest.mark.parametrize("name", NAMES)
def test_automatic_names_are_keras_names(name):
    naming.reset()
    keras.backend.clear_session()
    theirs = [getattr(keras.optimizers, name)().name for _ in range(2)]
    assert [getattr(optimizers, name)().name for _ in range(2)] == theirs


def test_strings_name_what_they_name_in_keras():
    for string in ("sgd", "SGD", "adam", "AdamW", "rmsprop", "RMSprop", "adagrad", "adadelta", "nadam", "adafactor"):
        assert type(optimizers.get(string)).__name__ == type(keras.optimizers.get(string)).__name__


# --- the loss scale ------------------------------------------------------------------------------------------------------


def test_the_loss_scale_gives_keras_numbers_through_overflows():
    naming.reset()
    keras.backend.clear_session()
    steps = gradients(0)
    for i in (4, 5, 15):
        steps[i][0][0, 0] = [np.inf, -np.inf, np.nan][i % 3]
    ends, layouts, configs = [], [], []
    for module, variable_class in ((keras.optimizers, keras.Variable), (optimizers, Variable)):
        inner = module.SGD(0.01, momentum=0.9)
        optimizer = module.LossScaleOptimizer(inner, initial_scale=64.0, dynamic_growth_steps=3)
        variables = [variable_class(v, name=k) for k, v in zip(SHAPES, weights(0), strict=True)]
        optimizer.build(variables)
        ends.append(run_compiled(optimizer, variables, steps))
        layouts.append(layout(optimizer.variables))
        configs.append(module.serialize(optimizer))
    assert_equal(ends[0][0], ends[1][0])
    assert_equal(ends[0][1], ends[1][1])
    assert layouts[0] == layouts[1]
    assert configs[0] == configs[1]


def test_several_optimizers_give_keras_numbers():
    naming.reset()
    keras.backend.clear_session()
    ends, layouts, configs = [], [], []
    for module, variable_class in ((keras.optimizers, keras.Variable), (optimizers, Variable)):
        members = module.OptimizerMap(module.Adam(0.01), {"kern.*": module.SGD(0.1, momentum=0.5)})
        optimizer = module.MultiOptimizer(members, loss_scale_factor=4.0)
        variables = [variable_class(v, name=k) for k, v in zip(SHAPES, weights(0), strict=True)]
        optimizer.build(variables)
        configs.append(module.serialize(optimizer))
        layouts.append(layout(optimizer.variables))
        ends.append(run_compiled(optimizer, variables, gradients(0)))
    assert_equal(ends[0][0], ends[1][0])
    assert_equal(ends[0][1], ends[1][1])
    assert layouts[0] == layouts[1]
    assert configs[0] == configs[1]
    assert optimizers.deserialize(configs[0]).get_config() == configs[0]["config"]


# --- schedules -----------------------------------------------------------------------------------------------------------

SCHEDULES = [
    ("ExponentialDecay", {"initial_learning_rate": 0.1, "decay_steps": 7, "decay_rate": 0.9}),
    ("ExponentialDecay", {"initial_learning_rate": 0.1, "decay_steps": 7, "decay_rate": 0.9, "staircase": True}),
    ("InverseTimeDecay", {"initial_learning_rate": 0.1, "decay_steps": 7, "decay_rate": 0.9}),
    ("InverseTimeDecay", {"initial_learning_rate": 0.1, "decay_steps": 7, "decay_rate": 0.9, "staircase": True}),
    ("PiecewiseConstantDecay", {"boundaries": [3, 8, 30], "values": [0.1, 0.05, 0.02, 0.01]}),
    ("PolynomialDecay", {"initial_learning_rate": 0.1, "decay_steps": 20, "power": 0.5}),
    ("PolynomialDecay", {"initial_learning_rate": 0.1, "decay_steps": 9, "end_learning_rate": 0.02, "cycle": True}),
    ("CosineDecay", {"initial_learning_rate": 0.1, "decay_steps": 20, "alpha": 0.1}),
    ("CosineDecay", {"initial_learning_rate": 0.01, "decay_steps": 20, "warmup_target": 0.2, "warmup_steps": 6}),
    ("CosineDecayRestarts", {"initial_learning_rate": 0.1, "first_decay_steps": 5, "m_mul": 0.8, "alpha": 0.05}),
    ("CosineDecayRestarts", {"initial_learning_rate": 0.1, "first_decay_steps": 5, "t_mul": 1.0}),
]


@pytest.mark.parametrize(("name", "config"), SCHEDULES)
def test_schedules_give_keras_rates(name, config):
    theirs = getattr(keras.optimizers.schedules, name)(**config)
    ours = getattr(optimizers.schedules, name)(**config)
    for step in (0, 1, 5, 6, 9, 20, 44):
        assert float(ours(step)) == float(theirs(step))
    steps = jnp.arange(45)
    a, b = (jax.jit(lambda xs, f=f: jax.lax.map(f, xs))(steps) for f in (theirs, ours))
    np.testing.assert_array_equal(b, a)
    assert ours.get_config() == theirs.get_config()
    serialized = optimizers.schedules.serialize(ours)
    assert serialized == keras.optimizers.schedules.serialize(theirs)
    assert optimizers.schedules.deserialize(serialized).get_config() == ours.get_config()
    assert inspect.signature(type(ours)).parameters.keys() == inspect.signature(type(theirs)).parameters.keys()


# --- messages --------------------------------------------------------------------------------------------------------------


def raised(call):
    with pytest.raises(Exception) as caught:  # noqa: PT011 - the class is what is compared
        call()
    return caught.type


@pytest.mark.parametrize(
    "call",
    [
        lambda m, v: m.SGD("fast"),
        lambda m, v: m.SGD(momentum=2.0),
        lambda m, v: m.SGD(clipnorm=1.0, clipvalue=1.0),
        lambda m, v: m.SGD(gradient_accumulation_steps=1),
        lambda m, v: m.SGD(use_ema=True, ema_momentum=2.0),
        lambda m, v: m.SGD(use_ema=True, ema_overwrite_frequency=0.5),
        lambda m, v: m.SGD(unknown=1),
        lambda m, v: m.AdamW(weight_decay=None),
        lambda m, v: m.Lion(beta_1=0.0),
        lambda m, v: m.Ftrl(beta=0.0, l1_regularization_strength=-1.0),
        lambda m, v: m.SGD().apply([np.ones(2)]),
        lambda m, v: m.SGD().apply([None], [v]),
        lambda m, v: m.SGD().stateless_apply([], [], []),
        lambda m, v: m.SGD().set_weights([]),
        lambda m, v: m.Optimizer(0.1).apply([np.ones(2)], [v]),
        lambda m, v: m.LossScaleOptimizer(m.SGD(), clipnorm=1.0),
        lambda m, v: m.LossScaleOptimizer(m.SGD(), dynamic=False),
        lambda m, v: setattr(m.SGD(m.schedules.CosineDecay(0.1, 9)), "learning_rate", 0.1),
        lambda m, v: m.schedules.ExponentialDecay(0.1, 0, 0.9),
        lambda m, v: m.schedules.PiecewiseConstantDecay([1], [0.1]),
        lambda m, v: m.schedules.LearningRateSchedule()(1),
        lambda m, v: m.schedules.LearningRateSchedule().get_config(),
        lambda m, v: m.get("typo"),
        lambda m, v: m.get(3),
    ],
)
def test_mistakes_raise_keras_exception_class(call):
    ours = raised(lambda: call(optimizers, Variable(np.ones(2))))
    assert ours is raised(lambda: call(keras.optimizers, keras.Variable(np.ones(2))))
