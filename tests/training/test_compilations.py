"""XLA compilations, counted where they happen: building runs none, a fit runs one, and equal work runs none again."""

import json
import subprocess
import sys
import textwrap

import jax
import numpy as np
import optax
import pytest
from jax.experimental.compilation_cache import compilation_cache

import jaxnn as keras
from jaxnn.training import programs

_SECONDS = "/jax/core/compile/backend_compile_duration"  # also for a program that comes from the persistent cache
_HIT = "/jax/compilation_cache/cache_hits"
_counted = {_SECONDS: 0, _HIT: 0}


def _note(event, *_, **__):
    if event in _counted:
        _counted[event] += 1


jax.monitoring.register_event_duration_secs_listener(_note)
jax.monitoring.register_event_listener(_note)


class Compilations:
    """How many programs XLA has compiled since the last question."""

    def __init__(self):
        self._before = self._now()

    def _now(self):
        return _counted[_SECONDS] - _counted[_HIT]

    def __call__(self):
        before, self._before = self._before, self._now()
        return self._before - before


@pytest.fixture
def compilations():
    """The count, with nothing of other tests in jaxnn's cache."""
    programs.clear()
    return Compilations()


X = np.random.RandomState(0).randn(1000, 4).astype("float32")
Y = (X[:, :1] > 0).astype("float32")


def build(rate=0.3):
    layers = [
        keras.Input((4,)),
        keras.layers.Dense(8, activation="relu"),
        keras.layers.Dropout(rate),
        keras.layers.Dense(1, activation="sigmoid"),
    ]
    model = keras.Sequential(layers)
    compile_again(model)
    return model


def compile_again(model):
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])


def fit(model, rows=100, **arguments):
    arguments = {"batch_size": 8, "verbose": 0, **arguments}
    return model.fit(X[:rows], Y[:rows], **arguments).history


# --- the counter itself ----------------------------------------------------------------------------------------------


def test_the_counter_counts_a_program_once(compilations):
    double = jax.jit(lambda x: 2 * x + 1)
    double(np.ones(3))
    assert compilations() == 1
    double(np.zeros(3))
    assert compilations() == 0
    double(np.ones(4))
    assert compilations() == 1


def test_the_counter_does_not_count_what_the_persistent_cache_has(compilations, tmp_path):
    settings = {"jax_compilation_cache_dir": str(tmp_path), "jax_persistent_cache_min_compile_time_secs": 0.0}
    before = {name: getattr(jax.config, name) for name in settings}

    def update(values):
        for name, value in values.items():
            jax.config.update(name, value)
        compilation_cache.reset_cache()

    update(settings)
    try:
        for expected in (1, 0):
            jax.jit(lambda x: 3 * x - 2)(np.ones(3))
            assert compilations() == expected
        assert any(tmp_path.iterdir())
    finally:
        update(before)


# --- a process from its start ----------------------------------------------------------------------------------------

SCRIPT = """
import json
import jax

count = 0

def note(event, *_, **__):
    global count
    count += event == "/jax/core/compile/backend_compile_duration"

jax.monitoring.register_event_duration_secs_listener(note)
counts = {}

def tell(name):
    global count
    counts[name], count = count, 0

import jaxnn as keras
tell("import")
keras.utils.set_random_seed(0)
first, second = [keras.Sequential([
    keras.Input((4,)),
    keras.layers.Dense(8, activation="relu"),
    keras.layers.BatchNormalization(),
    keras.layers.Dropout(0.3),
    keras.layers.Dense(1, activation="sigmoid"),
]) for _ in range(2)]
tell("Sequential")
inputs = keras.Input((5, 4))
x = keras.layers.LSTM(8)(inputs)
y = keras.layers.Dense(8, activation="gelu")(x)
outputs = keras.layers.Dense(3, activation="softmax")(keras.layers.Concatenate()([x, keras.layers.Dropout(0.2)(y)]))
functional = keras.Model(inputs, outputs)
inputs = keras.Input((8, 8, 1))
x = keras.layers.MaxPooling2D()(keras.layers.Conv2D(4, 3, activation="relu")(inputs))
convolutional = keras.Model(inputs, keras.layers.Dense(1)(keras.layers.Flatten()(x)))
tell("Functional")
first.compile("adam", "binary_crossentropy", metrics=["accuracy"])
second.compile(keras.optimizers.SGD(0.1, momentum=0.9), keras.losses.MeanSquaredError(), metrics=["mae"])
functional.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
convolutional.compile("rmsprop", "mse")
functional.summary(print_fn=lambda text: None)
weights = first.get_weights()
first.set_weights(weights)
tell("compile")
import numpy as np
x = np.random.RandomState(0).randn(70, 4).astype("float32")
y = (x[:, :1] > 0).astype("float32")
first.fit(x, y, epochs=3, verbose=1)
tell("fit")
first.fit(x, y, epochs=2, verbose=2, callbacks=[keras.callbacks.LearningRateScheduler(lambda epoch: 0.01)])
tell("fit again")
second.fit(x, y, epochs=2, verbose=1, validation_data=(x[:50], y[:50]))
tell("fit with validation")
print(json.dumps(counts))
"""


@pytest.fixture(scope="module")
def from_the_start():
    """The counts of a process that has done nothing before: a tiny program compiled anywhere shows in it."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(SCRIPT)], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("stage", ["import", "Sequential", "Functional", "compile", "fit again"])
def test_nothing_is_compiled_by(from_the_start, stage):
    assert from_the_start[stage] == 0


def test_the_first_fit_of_a_process_compiles_one_program(from_the_start):
    """With a short last batch and a bar."""
    assert from_the_start["fit"] == 1


def test_validation_compiles_one_more_at_most(from_the_start):
    assert 1 <= from_the_start["fit with validation"] <= 2


# --- the same again --------------------------------------------------------------------------------------------------


def other_rate(model):
    model.optimizer.learning_rate = 0.1


def assigned_rate(model):
    model.optimizer.learning_rate.assign(0.01)


def new_weights(model):
    model.set_weights([0.5 * w for w in model.get_weights()])


def nothing(model):
    pass


@pytest.mark.parametrize("change", [nothing, compile_again, other_rate, assigned_rate, new_weights])
def test_a_second_fit_compiles_nothing_after(compilations, change):
    model = build()
    fit(model)
    assert compilations() == 1
    change(model)
    fit(model, epochs=4)
    assert compilations() == 0


def test_scheduled_rates_and_early_stopping_compile_nothing(compilations):
    model = build()
    fit(model)
    compilations()
    fit(model, epochs=3, callbacks=[keras.callbacks.LearningRateScheduler(lambda epoch: 0.1 / (epoch + 1))])
    fit(model, epochs=3, callbacks=[keras.callbacks.ReduceLROnPlateau(monitor="loss", patience=1)])
    fit(model, epochs=3, callbacks=[keras.callbacks.EarlyStopping(monitor="loss", restore_best_weights=True)])
    assert compilations() == 0


@pytest.mark.parametrize(
    "optimizer",
    [
        lambda: keras.optimizers.Adam(0.1),
        lambda: keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.1)),
        lambda: optax.inject_hyperparams(optax.adam)(learning_rate=0.1),
    ],
    ids=["keras", "scaled", "optax"],
)
def test_a_rate_that_a_callback_sets_compiles_nothing_and_is_followed(compilations, optimizer):
    model = build()
    model.compile(optimizer=optimizer(), loss="mse")
    fit(model)
    compilations()

    def stop_moving(epoch, logs):
        model.optimizer.learning_rate = 0.0 if epoch else 0.1

    fit(model, callbacks=[keras.callbacks.LambdaCallback(on_epoch_begin=stop_moving)])
    before = [w.numpy() for w in model.trainable_variables]
    fit(model, epochs=2, initial_epoch=1, callbacks=[keras.callbacks.LambdaCallback(on_epoch_begin=stop_moving)])
    assert compilations() == 0
    for w, old in zip(model.trainable_variables, before, strict=True):
        np.testing.assert_array_equal(w.numpy(), old)


def test_a_rebuilt_equal_model_and_a_clone_compile_nothing(compilations):
    model = build()
    fit(model, validation_data=(X[:50], Y[:50]))
    model.predict(X[:100], batch_size=8, verbose=0)
    assert compilations() == 3
    clone = keras.models.clone_model(model)
    compile_again(clone)
    for equal in (build(), clone):
        fit(equal, validation_data=(X[:50], Y[:50]))
        equal.predict(X[:100], batch_size=8, verbose=0)
        assert compilations() == 0


def test_another_dropout_rate_compiles_one(compilations):
    fit(build(0.3))
    compilations()
    fit(build(0.4))
    assert compilations() == 1


def test_another_batch_size_compiles_one(compilations):
    model = build()
    fit(model)
    compilations()
    fit(model, batch_size=16)
    assert compilations() == 1


def test_predict_and_calls_after_fit_compile_one_each(compilations):
    model = build()
    fit(model)
    compilations()
    for expected in (1, 0, 0):
        model.predict(X[:100], batch_size=8, verbose=0)
        assert compilations() == expected
        model(X[:1])
        assert compilations() == expected
        fit(model)
        assert compilations() == 0


# --- numbers of rows that keep changing ------------------------------------------------------------------------------

FOLDS = list(range(90, 106))  # k-fold, leave some out: short batches of every size
GROWTH = list(range(100, 1001, 50))  # online learning
BATCHES = list(range(64, 1000, 56))  # growth by whole batches of 8
METHODS = {
    "fit": lambda model, n: fit(model, n),
    "evaluate": lambda model, n: model.evaluate(X[:n], Y[:n], batch_size=8, verbose=0),
    "predict": lambda model, n: model.predict(X[:n], batch_size=8, verbose=0),
}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("sizes", "most"), [(FOLDS, 8 + 4), (GROWTH, 3 + 8), (BATCHES, 3 + 4)])
def test_changing_numbers_of_rows_share_few_programs(compilations, method, sizes, most):
    """Three get their own; then there is one for each power of two of batches and size of the short batch, at the most."""
    model = build()
    for n in sizes:
        METHODS[method](model, n)
    assert compilations() <= most


def lengthened():
    """A model that has seen enough numbers of rows to pad the next ones, as it was before it saw them."""
    keras.utils.set_random_seed(1)
    model = build()
    fit(model, 48)
    before = [v.numpy() for v in state_of(model)]
    for n in (56, 64, 72):
        for method in METHODS.values():
            method(model, n)
    for v, value in zip(state_of(model), before, strict=True):
        v.assign(value)
    return model


def exact():
    """The same model, which has seen one number of rows."""
    keras.utils.set_random_seed(1)
    model = build()
    fit(model, 48)
    return model


def state_of(model):
    return [*model.variables, *model.optimizer.variables]


def as_jax(n):
    return {"x": jax.device_put(X[:n]), "y": jax.device_put(Y[:n])}


@pytest.mark.parametrize("n", [120, 117, 129, 136])
@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"shuffle": False},
        {"shuffle": "batch"},
        {"steps_per_epoch": 5},
        {"class_weight": {0: 1.0, 1: 3.0}},
        {"validation_split": 0.3},
    ],
    ids=str,
)
def test_fit_on_lengthened_arrays_gives_the_same_numbers_to_the_bit(n, arguments):
    results = []
    for model in (lengthened(), exact()):
        np.random.seed(7)
        history = fit(model, n, epochs=3, **arguments)
        results.append((history, [v.numpy() for v in state_of(model)], np.random.rand()))
    (history, weights, drawn), (expected, expected_weights, expected_drawn) = results
    assert history == expected
    assert drawn == expected_drawn
    for a, b in zip(weights, expected_weights, strict=True):
        np.testing.assert_array_equal(a, b)


def test_jax_arrays_sample_weights_and_several_inputs_are_lengthened_too(compilations):
    def build_two():
        keras.utils.set_random_seed(1)
        a, b = keras.Input((4,), name="a"), keras.Input((4,), name="b")
        both = keras.layers.Concatenate()([keras.layers.Dense(3)(a), keras.layers.Dense(3)(b)])
        model = keras.Model({"a": a, "b": b}, keras.layers.Dense(1)(both))
        model.compile("sgd", "mse", weighted_metrics=["mae"])
        return model

    def train(model, n):
        x = {"a": jax.device_put(X[:n]), "b": X[-n:]}
        return model.fit(x, Y[:n], sample_weight=np.arange(n) / n, batch_size=8, verbose=0, epochs=2).history

    def again(model):
        """Trains from the start, on a number of rows that it has not seen."""
        for v, value in zip(model.variables, start, strict=True):
            v.assign(value)
        np.random.seed(7)
        return train(model, 112)

    seen, other = build_two(), build_two()
    start = [v.numpy() for v in seen.variables]
    train(other, 56)
    compilations()
    for n in (56, 64, 72, 80, 88, 96, 104):
        train(seen, n)
    assert compilations() <= 2 + 1
    history = again(seen)
    assert compilations() == 0
    assert history == again(other)


@pytest.mark.parametrize("n", [120, 117, 129, 3])
def test_predict_and_evaluate_on_lengthened_arrays_give_the_same_numbers_to_the_bit(n):
    a, b = lengthened(), exact()
    for _ in range(2):
        outputs = a.predict(X[:n], batch_size=8, verbose=0)
        assert outputs.shape == (n, 1)
        np.testing.assert_array_equal(outputs, b.predict(X[:n], batch_size=8, verbose=0))
        assert a.evaluate(X[:n], Y[:n], batch_size=8, verbose=0) == b.evaluate(X[:n], Y[:n], batch_size=8, verbose=0)
