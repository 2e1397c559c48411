"""Row C3: deployment: a trained network leaves the process and the library that trained it.

Source: D4 (004_c6041bac8b80f14b), part 4 of the course it announces: data augmentation and deployment.
"""

import os
import subprocess
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import export

from jaxnn import Sequential, layers, models, optimizers, utils
from jaxnn.training import data

ROOT = Path(__file__).parents[2]
RANDOM = np.random.RandomState(0)
X = RANDOM.randn(300, 8).astype("float32")
Y = np.digitize(X[:, 0] + X[:, 1], [-0.6, 0.6])  # three classes of about the same size
# batches of another size add up in another order, 32 terms at a time
CLOSE = {"rtol": 1e-5, "atol": 1e-6}


@pytest.fixture(scope="module")
def trained():
    """A network that behaves otherwise in training: batch statistics, dropout."""
    utils.set_random_seed(0)
    model = Sequential([
        layers.Input((8,)), layers.Dense(32, "relu"), layers.BatchNormalization(momentum=0.9), layers.Dropout(0.2),
        layers.Dense(3, "softmax"),
    ], name="weather")  # fmt: skip
    model.compile(optimizers.Adam(0.01), "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(X[:200], Y[:200], epochs=60, verbose=0)
    assert model.evaluate(X[200:], Y[200:], verbose=0)[1] > 0.8
    return model


@pytest.fixture(scope="module")
def predictions(trained):
    return trained.predict(X, verbose=0)


def as_function(model):
    """The forward pass with the weights of now inside: from a batch to its probabilities."""
    params, state = jax.tree.map(jnp.copy, model.take())
    return lambda x: model.apply(params, state, x, training=False)[0]


def exported(model):
    """The same as StableHLO, for any number of rows."""
    pytest.importorskip("flatbuffers")  # serialize needs it
    rows = jax.ShapeDtypeStruct((*export.symbolic_shape("rows"), 8), jnp.float32)
    return bytes(export.export(jax.jit(as_function(model)), platforms=["cpu", "cuda"])(rows).serialize())


def elsewhere(folder, script):
    """What a new process makes of `x.npy`; all that it gets is in the folder."""
    np.save(folder / "x.npy", X)
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-W", "error", "-c", script], cwd=folder, env=env, check=True, timeout=120)
    return np.load(folder / "y.npy")


def test_c3_a_saved_network_predicts_the_same_in_a_fresh_process(trained, predictions, tmp_path):
    trained.save(tmp_path / "weather.keras")
    script = """
import numpy as np
import jaxnn
model = jaxnn.saving.load_model("weather.keras")
np.save("y.npy", model.predict(np.load("x.npy"), verbose=0))
"""
    np.testing.assert_array_equal(elsewhere(tmp_path, script), predictions)


def test_c3_weights_alone_fit_into_the_network_made_again(trained, predictions, tmp_path):
    trained.save_weights(tmp_path / "weather.weights.h5")
    again = Sequential.from_config(trained.get_config())
    assert not np.allclose(again.predict(X, verbose=0), predictions, atol=0.1)
    again.load_weights(tmp_path / "weather.weights.h5")
    np.testing.assert_array_equal(again.predict(X, verbose=0), predictions)


def test_c3_a_network_is_a_pure_function_of_a_batch(trained, predictions):
    forward = jax.jit(as_function(trained))
    np.testing.assert_allclose(forward(X), predictions, **CLOSE)
    np.testing.assert_array_equal(forward(X), forward(X))  # no mask is drawn, no statistics move
    one_by_one = jax.vmap(lambda row: forward(row[None])[0])(X[:5])
    np.testing.assert_allclose(one_by_one, predictions[:5], **CLOSE)


def test_c3_what_was_deployed_stays_while_the_network_learns_on(trained, predictions):
    model = models.clone_model(trained)
    model.set_weights(trained.get_weights())
    forward, artefact = jax.jit(as_function(model)), export.deserialize(bytearray(exported(model)))
    model.compile("sgd", "sparse_categorical_crossentropy")
    model.fit(X, Y[::-1], epochs=3, verbose=0)
    assert not np.allclose(model.predict(X, verbose=0), predictions, atol=0.01)
    for deployed in (forward, artefact.call):
        np.testing.assert_allclose(deployed(X), predictions, **CLOSE)


def test_c3_the_artefact_runs_where_there_is_no_jaxnn(trained, predictions, tmp_path):
    (tmp_path / "weather.stablehlo").write_bytes(exported(trained))
    script = """
import sys
sys.modules["jaxnn"] = None  # an import would raise
import numpy as np
from jax import export
with open("weather.stablehlo", "rb") as file:
    network = export.deserialize(bytearray(file.read()))
x = np.load("x.npy")
y = np.asarray(network.call(x))
assert network.call(x[:1]).shape == (1, 3)
np.save("y.npy", y)
"""
    np.testing.assert_allclose(elsewhere(tmp_path, script), predictions, **CLOSE)


def test_c3_the_artefact_has_its_weights_inside_and_takes_any_number_of_rows(trained):
    artefact = export.deserialize(bytearray(exported(trained)))
    assert [str(aval) for aval in artefact.in_avals] == ["float32[rows,8]"]
    assert artefact.platforms == ("cpu", "cuda")
    assert len(exported(trained)) > 4 * trained.count_params()
    with pytest.raises(ValueError, match="8"):
        artefact.call(X[:, :7])


def test_c3_one_row_at_a_time_is_prepared_once(trained, predictions, monkeypatch):
    """Asked again for a row, `predict` goes straight to its compiled program: what a server would wait for."""
    trained.predict(X[:1], verbose=0)
    monkeypatch.setattr(data, "plan", None)  # the long way would call it
    answers = np.concatenate([trained.predict(row[None], verbose=0) for row in X[:20]])
    np.testing.assert_allclose(answers, predictions[:20], **CLOSE)


@pytest.mark.parametrize(("x", "sentence"), [
    (X[:, :7], r"predict: Sequential 'weather' expects input 'keras_tensor[_0-9]*' of shape \(None, 8\); got \(300, 7\)"),
    (X[0], r"predict: Sequential 'weather' expects input 'keras_tensor[_0-9]*' of shape \(None, 8\); got \(8,\).* add the batch axis"),
    (X.astype(str), r"predict: `x` must hold numbers; column 0 has numbers written as text such as '1.76\d*' \(.*\). Convert them"),
    (None, r"predict: `x` is not optional, but None was passed. Pass an array of samples"),
], ids=["seven features", "a row alone", "text", "nothing"])  # fmt: skip
def test_c3_wrong_input_is_refused_with_a_sentence(trained, x, sentence):
    with pytest.raises(ValueError, match=f"^{sentence}") as error:
        trained.predict(x, verbose=0)
    assert "\n" not in str(error.value)


def test_c3_a_gap_in_the_input_is_named_by_its_place(trained):
    """Only a warning: a network may know what to do with it. The other rows have their answers."""
    x = X[:4].copy()
    x[2, 3] = np.nan
    with pytest.warns(UserWarning, match="`x` has NaN in 1 of 4 samples, first in row 2, column 3"):
        answers = trained.predict(x, verbose=0)
    np.testing.assert_array_equal(np.isnan(answers).all(axis=1), [False, False, True, False])
