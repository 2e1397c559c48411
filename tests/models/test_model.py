"""Sequential, graphs and subclasses: built, called, cloned, saved."""

import copy
import pickle

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxnn as keras
from jaxnn import layers


def data(n=40):
    rng = np.random.RandomState(0)
    x = rng.randn(n, 8).astype("float32")
    return x, (x[:, :1] > 0).astype("float32")


def two_headed():
    a, b = keras.Input((8,), name="a"), keras.Input((4,), name="b")
    shared = layers.Dense(5, activation="tanh", name="shared")
    h = layers.Concatenate()([shared(a), layers.Dense(3)(b), shared(a)])
    return keras.Model({"a": a, "b": b}, [layers.Dense(1, name="p")(h), layers.Dense(2, name="q")(h)])


def test_add_and_pop_keep_the_stack_built():
    model = keras.Sequential([keras.Input((8,)), layers.Dense(4)])
    model.add(layers.Dense(2))
    assert model.output_shape == (None, 2)
    assert model.pop().units == 2
    assert model.output_shape == (None, 4)
    assert model(data()[0]).shape == (40, 4)


def test_old_shape_arguments_build_at_once_without_a_warning():
    for first in (layers.Dense(4, input_shape=(8,)), layers.Dense(4, input_dim=8)):
        assert keras.Sequential([first, layers.Dense(1)]).built


def test_a_deferred_stack_is_built_by_its_first_data():
    model = keras.Sequential([layers.Dense(4), layers.Dense(1)])
    assert not model.built
    assert model(data()[0]).shape == (40, 1)
    assert model.count_params() == 41


def test_a_graph_takes_its_inputs_by_name_and_trains_each_output():
    x, y = data()
    model = two_headed()
    model.compile("adam", ["mse", "mae"], loss_weights=[1.0, 0.5], metrics=[["mae"], None])
    history = model.fit({"a": x, "b": x[:, :4]}, [y, x[:, :2]], epochs=3, verbose=0).history
    assert sorted(history) == ["loss", "p_loss", "p_mae", "q_loss"]
    assert history["loss"][-1] < history["loss"][0]
    np.testing.assert_allclose(
        history["loss"], np.array(history["p_loss"]) + 0.5 * np.array(history["q_loss"]), rtol=1e-5
    )
    p, q = model.predict({"a": x, "b": x[:, :4]}, verbose=0)
    assert (p.shape, q.shape) == ((40, 1), (40, 2))


def test_the_middle_of_a_trained_graph_is_a_feature_extractor():
    x, _ = data()
    inputs = keras.Input((8,))
    hidden = layers.Dense(6, activation="relu")(inputs)
    model = keras.Model(inputs, layers.Dense(1)(hidden))
    features = keras.Model(inputs, hidden)
    head = keras.Model(hidden, model.output)
    np.testing.assert_allclose(head(features(x)), model(x), rtol=1e-6)


@pytest.mark.parametrize("make", [two_headed, lambda: keras.Sequential([keras.Input((8,)), layers.Dense(3)])])
def test_config_json_clone_copy_and_pickle_make_equal_models(make):
    model = make()
    twins = [
        type(model).from_config(model.get_config()),
        keras.models.model_from_json(model.to_json()),
        keras.models.clone_model(model),
        copy.deepcopy(model),
        pickle.loads(pickle.dumps(model)),
    ]
    x, _ = data()
    inputs = {"a": x, "b": x[:, :4]} if make is two_headed else x
    expected = jax.tree.leaves(model(inputs))
    for twin in twins:
        twin.set_weights(model.get_weights())
        for a, b in zip(jax.tree.leaves(twin(inputs)), expected, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-6)


def test_get_layer_names_the_nearest():
    with pytest.raises(ValueError, match=r"No such layer: sharde.* Did you mean 'shared'"):
        two_headed().get_layer("sharde")


def test_summary_tells_layers_shapes_and_counts():
    lines: list[str] = []
    two_headed().summary(print_fn=lambda text, **_: lines.append(text))
    text = "\n".join(lines)
    for word in ("shared (Dense)", "(None, 5)", "Total params: ", "Connected to"):
        assert word in text


def test_weights_travel_through_a_file(tmp_path):
    model, twin = two_headed(), two_headed()
    model.save_weights(tmp_path / "m.weights.h5")
    twin.load_weights(tmp_path / "m.weights.h5")
    for a, b in zip(model.get_weights(), twin.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert [p.name for p in tmp_path.iterdir()] == ["m.weights.h5"]
    with pytest.raises(ValueError, match=r"must end in `.weights.h5`"):
        model.save_weights(tmp_path / "m.txt")


# --- model(x), compiled ------------------------------------------------------------------------------------------------


def test_a_call_follows_weights_rates_and_freezing():
    x, _ = data()
    model = keras.Sequential([keras.Input((8,)), layers.Dense(4), layers.Dropout(0.5)])
    first = np.asarray(model(x))
    np.testing.assert_allclose(model(x), first)
    model.layers[0].kernel.assign(np.zeros((8, 4)))
    np.testing.assert_array_equal(model(x), np.zeros((40, 4)))
    model.layers[0].kernel.assign(np.ones((8, 4)))
    assert (np.asarray(model(x, training=True)) == 0).any()
    model.layers[1].rate = 0.0
    model(x)


def test_dropout_in_a_call_goes_on_with_its_stream():
    x = np.ones((4, 50), "float32")
    model = keras.Sequential([keras.Input((50,)), layers.Dropout(0.5, seed=3)])
    calls = [np.asarray(model(x, training=True)) for _ in range(3)]
    assert (calls[0] != calls[1]).any()
    assert (calls[1] != calls[2]).any()
    assert int(model.layers[0].seed_generator.state.numpy()[1]) == 3


class Branching(keras.Model):
    """A `call` that looks at values."""

    def __init__(self):
        super().__init__()
        self.dense = layers.Dense(2)

    def call(self, x):
        y = self.dense(x)
        return y if float(jnp.sum(x)) > 0 else -y


def test_a_call_that_needs_values_runs_eagerly_and_says_so_once():
    model = Branching()
    x = np.ones((3, 2), "float32")
    positive = np.asarray(model(x))
    with pytest.warns(UserWarning, match="runs eagerly"):
        model(x)
    np.testing.assert_allclose(model(-x), np.asarray(positive), rtol=1e-6)


def test_a_thousand_calls_keep_no_memory():
    import gc

    model = keras.Sequential([keras.Input((8,)), layers.Dense(4)])
    x, _ = data()
    for _ in range(20):
        model(x[:1])
    gc.collect()
    before = len(gc.get_objects())
    for _ in range(1000):
        model(x[:1])
    gc.collect()
    assert len(gc.get_objects()) - before < 200


def test_a_model_traces_inside_jit_and_grad():
    x, _ = data()
    model = keras.Sequential([keras.Input((8,)), layers.Dense(1)])
    np.testing.assert_allclose(jax.jit(model)(x), model(x), rtol=1e-6)
    slope = jax.grad(lambda a: model(a).sum())(jnp.asarray(x))
    np.testing.assert_allclose(slope[0], model.layers[0].kernel.numpy()[:, 0], rtol=1e-6)


def test_a_functional_model_takes_sparse_inputs():
    from jax.experimental.sparse import BCOO

    x = np.eye(4, 6, dtype="float32")
    inputs = keras.Input((6,), sparse=True)
    model = keras.Model(inputs, keras.layers.Dense(3)(inputs))
    np.testing.assert_array_equal(model(BCOO.fromdense(x)), model(x))
    np.testing.assert_array_equal(model.predict(BCOO.fromdense(x), verbose=0), model.predict(x, verbose=0))
