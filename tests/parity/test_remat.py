"""RematScope and remat beside Keras's: the same outputs, gradients and histories, where Keras has them."""

import jax
import jax.numpy as jnp
import keras as real
import numpy as np
import pytest

import jaxnn

X = np.random.default_rng(0).standard_normal((48, 5)).astype("float32")
Y = (X[:, :1] > 0).astype("float32")
MODES = [
    ("full", {}),
    ("activations", {}),
    ("larger_than", {"output_size_threshold": 50}),
    ("list_of_layers", {"layer_names": ["wide"]}),
    (None, {}),
]


def history(k, mode, options, stateful=False):
    k.utils.set_random_seed(5)
    with k.RematScope(mode=mode, **options):
        middle = [k.layers.BatchNormalization(), k.layers.Dropout(0.3)] if stateful else []
        model = k.Sequential(
            [
                k.Input((5,)),
                k.layers.Dense(16, activation="tanh", kernel_regularizer="l2", name="wide"),
                *middle,
                k.layers.Dense(1, activation="sigmoid", name="narrow"),
            ]
        )
    model.compile("adam", "binary_crossentropy")
    return model.fit(X, Y, batch_size=16, epochs=4, verbose=0).history["loss"]


@pytest.mark.parametrize(("mode", "options"), MODES)
def test_histories_agree(mode, options):
    # 2e-6: what the histories of dense networks are promised to agree to
    np.testing.assert_allclose(history(jaxnn, mode, options), history(real, mode, options), rtol=2e-6)


@pytest.fixture(scope="module")
def without():
    """Keras's history of the network with statistics and masks, without remat."""
    return history(real, None, {}, True)


@pytest.mark.parametrize(("mode", "options"), MODES)
def test_with_statistics_and_masks_the_history_is_keras_without_remat(mode, options, without):
    # in Keras's own scope BatchNormalization and Dropout leak tracers
    np.testing.assert_allclose(history(jaxnn, mode, options, True), without, rtol=2e-6)


def test_a_function_and_its_gradient_agree():
    def f(x):
        for _ in range(2):
            x = x + jnp.tanh(x) * 0.1
        return jnp.sum(x)

    np.testing.assert_array_equal(jax.grad(jaxnn.remat(f))(X), jax.grad(real.remat(f))(X))


def test_scopes_hold_the_same_and_refuse_the_same():
    for k in (jaxnn, real):
        scope = k.RematScope()
        assert (scope.mode, scope.output_size_threshold, scope.layer_names) == ("full", 1024, [])
        with pytest.raises(ValueError, match=r"Invalid mode 'invalid'\. Supported modes are: 'full', 'activations'"):
            k.RematScope(mode="invalid")
