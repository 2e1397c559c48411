"""What every image layer promises: the contract of all layers (tests/contract), as far as it makes sense for layers that are
random unless they're told otherwise; and that what belongs to an image is changed as the image is."""

import copy
import pickle

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxnn import layers
from jaxnn.core import pure
from jaxnn.core.graph import KerasTensor
from tests.contract.test_layers import assert_no_tracer
from tests.layers.image.cases import COMPOSED, EVERY, RANDOM, images, make, registered

every_layer = pytest.mark.parametrize("name", sorted(EVERY))
CLOSE = {
    "rtol": 1e-4,
    "atol": 0.02,
}  # of 255, which rounding reaches where a value is interpolated between distant ones


def same(x, y, **tolerances):
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, **{**CLOSE, **tolerances}), x, y)


def built(name, **kwargs):
    layer = make(name, **kwargs)
    layer.build((None, 7, 5, 3))
    return layer, *pure.take(layer)


def test_every_image_layer_is_tested():
    assert registered() == set(EVERY)


@every_layer
def test_compiled_and_symbolic_calls_agree_with_eager_ones_and_move_the_state_alike(name):
    layer, params, state = built(name)
    run = lambda state, x: layer.apply(params, state, x, training=True)  # noqa: E731
    y, moved = run(state, images())
    compiled, compiled_state = jax.jit(run)(state, images())
    same(compiled, y)
    same(compiled_state, moved, atol=0)
    spec = layer(KerasTensor((None, 7, 5, 3)))
    assert (spec.shape, spec.dtype) == ((None, *y.shape[1:]), y.dtype)
    assert tuple(layer.compute_output_shape((3, 7, 5, 3))) == y.shape
    assert_no_tracer(layer)


@every_layer
def test_a_config_makes_an_equal_layer(name):
    layer = make(name, data_format="channels_first", bounding_box_format="xywh")
    config = layer.get_config()
    assert layers.deserialize(layers.serialize(layer)).get_config() == config
    assert (config["data_format"], config["bounding_box_format"]) == ("channels_first", "xywh")


@pytest.mark.parametrize("name", sorted(set(RANDOM) - {"RandomCrop"}))
def test_outside_training_images_stay_as_they_are(name):
    same(make(name)(images(), training=False), images(), atol=0)


@pytest.mark.parametrize("name", sorted(set(RANDOM) - set(COMPOSED)))
def test_a_seed_repeats_the_draws_and_each_call_draws_anew(name):
    x = images()
    first, second = make(name), make(name)
    y = first(x)
    same(y, second(x), rtol=0, atol=0)
    assert not np.allclose(y, first(x))


@pytest.mark.parametrize(
    "name", ["RandomContrast", "RandomFlip", "RandomGaussianBlur", "RandomPerspective", "RandomZoom"]
)
def test_one_image_alone_is_a_batch_of_one(name):
    x = images(shape=(7, 5, 3))
    same(make(name)(x), make(name)(x[None])[0])


FIRST = (
    "AutoContrast CenterCrop Equalization RandomColorJitter RandomErasing RandomGrayscale RandomHue RandomPerspective"
)


@pytest.mark.parametrize("name", [*FIRST.split(), "RandomRotation", "RandomSharpness", "Resizing"])
def test_channels_may_come_first(name):
    x = images()
    y = make(name, data_format="channels_first")(np.moveaxis(x, -1, 1))
    same(jnp.moveaxis(y, 1, -1), make(name)(x))


@pytest.mark.parametrize("name", ["Equalization", "RandomElasticTransform", "RandomRotation", "RandomSaturation"])
def test_half_precision_computes_in_half(name):
    y = make(name, dtype="mixed_bfloat16")(images())
    assert y.dtype == "bfloat16"
    assert np.isfinite(np.asarray(y, "float32")).all()


@pytest.mark.parametrize(
    "name", ["RandomBrightness", "RandomHue", "RandomInvert", "RandomRotation", "RandomSaturation"]
)
def test_bytes_are_taken_for_numbers(name):
    x = images().astype("uint8")
    same(make(name)(x), make(name)(x.astype("float32")))


@pytest.mark.parametrize("name", ["CenterCrop", "MaxNumBoundingBoxes", "RandomGrayscale", "Resizing"])
def test_some_keep_bytes(name):
    x = images().astype("uint8")
    y = make(name)(x)
    assert y.dtype == ("float32" if name == "CenterCrop" else "uint8")
    same(np.asarray(y, "float32"), make(name)(x.astype("float32")), atol=1.0)  # rounded


def test_members_of_an_ensemble_and_steps_of_a_scan_draw_their_own(key):
    layer, params, state = built("RandomErasing")
    states = jax.vmap(lambda key: layer.init(key)[1])(jax.random.split(key, 2))
    x = images()

    @jax.jit
    def run(states, state):
        def step(s, _):
            y, s = layer.apply(params, s, x, training=True)
            return s, y

        members = jax.vmap(lambda s: step(s, None)[1])(states)
        return members, jax.lax.scan(step, state, length=2)[1]

    members, steps = run(states, state)
    assert not np.allclose(members[0], members[1])
    assert not np.allclose(steps[0], steps[1])
    same(steps[0], layer.apply(params, state, x, training=True)[0])
    assert_no_tracer(layer)


@pytest.mark.parametrize("name", ["RandomZoom", "RandomColorJitter", "Equalization"])
def test_copies_are_equal_and_independent(name):
    layer, x = make(name), images()
    twins = [copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))]
    y = layer(x)
    for twin in twins:
        same(twin(x), y, rtol=0, atol=0)


@pytest.mark.parametrize(
    "name", ["RandomTranslation", "RandomBrightness", "AutoContrast", "MixUp", "RandomElasticTransform"]
)
def test_gradients_pass_through(name):
    layer, params, state = built(name)
    gradient = jax.jit(jax.grad(lambda x: layer.apply(params, state, x, training=True)[0].sum()))(images())
    assert np.isfinite(gradient).all()
    assert np.any(gradient != 0)
