import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxnn import layers


def tuned(layer, shape, rank=2, **kwargs):
    layer.build(shape)
    layer.enable_lora(rank, **kwargs)
    return layer


CASES = [
    (lambda **kwargs: layers.Dense(3, **kwargs), (None, 4), "kernel"),
    (lambda **kwargs: layers.EinsumDense("abc,cde->abde", (None, 2, 3), **kwargs), (None, 5, 4), "kernel"),
    (lambda **kwargs: layers.Embedding(7, 3, **kwargs), None, "embeddings"),
]


@pytest.mark.parametrize(("make", "shape", "name"), CASES)
def test_the_weight_counts_as_itself_plus_a_times_b(make, shape, name):
    layer = tuned(make(), shape, lora_alpha=3.0)
    rng = np.random.default_rng(0)
    for part in ("a", "b"):
        thin = getattr(layer, f"lora_{name}_{part}")
        thin.assign(rng.normal(size=thin.shape))
    a, b = (getattr(layer, f"lora_{name}_{part}").numpy() for part in ("a", "b"))
    expected = layer.weights[0].numpy() + 3.0 / 2 * a @ b
    np.testing.assert_allclose(getattr(layer, name), expected, rtol=1e-5, atol=1e-6)  # one float32 product


@pytest.mark.parametrize(("make", "shape", "name"), CASES)
def test_only_the_thin_weights_are_trained(make, shape, name):
    layer = tuned(make(), shape)
    assert [w.name for w in layer.non_trainable_weights] == [name]
    assert {f"lora_{name}_a", f"lora_{name}_b"} <= {w.name for w in layer.trainable_weights}
    params, state = layer.init(jax.random.key(0))
    assert name in state
    assert f"lora_{name}_a" in params


def test_at_first_nothing_changes():
    layer = layers.Dense(3)
    x = np.ones((2, 4))
    before = layer(x)
    layer.enable_lora(2)
    np.testing.assert_array_equal(layer(x), before)


def test_the_constructors_alpha_counts():
    layer = layers.Dense(3, lora_rank=2, lora_alpha=5)
    layer.build((None, 4))
    assert (layer.lora_rank, layer.lora_alpha) == (2, 5)
    again = layers.Dense.from_config(layer.get_config())
    assert (again.lora_rank, again.lora_alpha) == (2, 5)


def test_files_hold_the_sum_and_load_into_a_plain_layer():
    layer = tuned(layers.Dense(3), (None, 4), b_initializer="ones")
    store = {}
    layer.save_own_variables(store)
    plain = layers.Dense(3)
    plain.build((None, 4))
    plain.load_own_variables(store)
    x = np.ones((2, 4))
    np.testing.assert_allclose(plain(x), layer(x), rtol=1e-6)
    layer.load_own_variables(store)
    np.testing.assert_allclose(plain(x), layer(x), rtol=1e-6)
    assert not jnp.any(layer.lora_kernel_b.value)


def test_lora_says_why_it_cannot_be_enabled():
    with pytest.raises(ValueError, match="Cannot enable lora on a layer that isn't yet built"):
        layers.Dense(2).enable_lora(2)
    with pytest.raises(ValueError, match="lora is already enabled"):
        tuned(layers.Dense(2), (None, 4)).enable_lora(2)
    with pytest.raises(ValueError, match="incompatible with kernel constraints"):
        tuned(layers.Dense(2, kernel_constraint="non_neg"), (None, 4))
    with pytest.raises(ValueError, match="incompatible with embedding constraints"):
        tuned(layers.Embedding(2, 2, embeddings_constraint="non_neg"), None)
