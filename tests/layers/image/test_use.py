"""Image layers where they're used: in models, on datasets; and what they say to wrong arguments."""

import numpy as np
import pytest

import jaxnn
from jaxnn import layers, utils
from tests.layers.image.cases import images, make


def test_augmentation_is_part_of_the_compiled_step():
    utils.set_random_seed(0)
    model = jaxnn.Sequential(
        [
            layers.Input((7, 5, 3)),
            layers.RandomFlip("horizontal"),
            layers.RandomRotation(0.1),
            layers.RandomCrop(4, 4),
            layers.Flatten(),
            layers.Dense(1),
        ]
    )
    model.compile(optimizer="sgd", loss="mse", jit_compile=True)
    x, y = images(shape=(10, 7, 5, 3)) / 255, np.ones((10, 1))
    before = [int(layer.generator.state.numpy()[1]) for layer in model.layers[:3]]
    history = model.fit(x, y, batch_size=4, epochs=2, verbose=0)
    assert np.isfinite(history.history["loss"]).all()
    after = [int(layer.generator.state.numpy()[1]) for layer in model.layers[:3]]
    assert [b - a for a, b in zip(before, after, strict=True)] == [6, 6, 12]  # six steps; a crop draws top and left
    np.testing.assert_array_equal(model.predict(x, verbose=0), model.predict(x, verbose=0))


def test_datasets_take_layers_on_numpy():
    pipeline = layers.Pipeline([layers.Resizing(4, 4), layers.RandomFlip(seed=1), layers.RandomBrightness(0.2, seed=2)])
    data = utils.Dataset.from_tensor_slices(images()).map(make("RandomContrast")).batch(2).map(pipeline)
    assert [np.asarray(batch).shape for batch in data] == [(2, 4, 4, 3), (1, 4, 4, 3)]


def test_a_crop_gives_its_size_in_training_and_else():
    layer = layers.RandomCrop(4, 4, seed=1)
    assert layer(images()).shape == layer(images(), training=False).shape == (3, 4, 4, 3)
    x = np.arange(48.0).reshape(6, 8, 1)
    np.testing.assert_array_equal(layers.RandomCrop(6, 4)(x, training=False), x[:, 2:6])


def test_equal_values_have_no_contrast_to_stretch():
    np.testing.assert_array_equal(layers.AutoContrast()(np.full((2, 2, 1), 7.0)), np.full((2, 2, 1), 7.0))


def test_unseeded_layers_draw_their_seeds_in_keras_order():
    utils.set_random_seed(1)
    crop, flip = layers.RandomCrop(2, 2), layers.RandomFlip()
    assert crop.get_config()["seed"] != int(crop.generator.state.numpy()[0])  # two draws
    assert flip.get_config()["seed"] is None


@pytest.mark.parametrize(
    ("make_wrong", "error", "words"),
    [
        (lambda: layers.RandomRotation(1.5), ValueError, r"`factor` argument should be a number .* range \[-1, 1\]"),
        (lambda: layers.RandomHue([0.1]), ValueError, r"`factor` argument should be a number .*list of two numbers"),
        (lambda: layers.RandomErasing(scale=2), ValueError, "`scale` argument should be a number"),
        (lambda: layers.RandomErasing(fill_value=[1, 2]), ValueError, "`fill_value` argument should be a number"),
        (lambda: layers.RandomZoom(-1), ValueError, r"range \(-1.0, 1.0\]. Received: height_factor=-1"),
        (lambda: layers.RandomShear((-0.5, 0.2)), ValueError, r"range \[0, 1.0\]. Received: x_factor"),
        (lambda: layers.Solarization(2), ValueError, "`addition_factor` and `threshold_factor`"),
        (
            lambda: layers.RandomBrightness(0.1, value_range=3),
            ValueError,
            "`value_range` argument should be a list of two",
        ),
        (lambda: layers.RandomGrayscale(2), ValueError, "`factor` should be between 0 and 1"),
        (lambda: layers.RandomGaussianBlur(kernel_size=2), ValueError, "kernel_size must be an odd number"),
        (lambda: layers.RandomGaussianBlur(kernel_size=(1, 3, 5)), ValueError, "a number .or a list of two numbers"),
        (lambda: layers.RandomPerspective(scale=2), ValueError, "`scale` must be a number between 0.0 and 1.0"),
        (lambda: layers.RandomFlip("sideways"), ValueError, "`mode` must be one of 'horizontal'"),
        (lambda: layers.RandomRotation(0.1, fill_mode="x"), NotImplementedError, "Unknown `fill_mode` x"),
        (lambda: layers.RandomZoom(0.1, interpolation="x"), NotImplementedError, "Unknown `interpolation` x"),
        (lambda: layers.RandomFlip(factor=1), ValueError, "Unrecognized keyword arguments"),
    ],
)
def test_wrong_arguments_are_told(make_wrong, error, words):
    with pytest.raises(error, match=words):
        make_wrong()


def test_wrong_inputs_are_told():
    boxes = {"boxes": np.ones((1, 4)), "labels": np.ones(1)}
    with pytest.raises(ValueError, match="Expected the input image to be rank 3 or 4"):
        make("RandomFlip")(np.ones((4, 4)))
    with pytest.raises(ValueError, match="needs 'images'; got the keys"):
        make("RandomFlip")({"labels": np.ones(3)})
    with pytest.raises(ValueError, match="didn't specify a bounding box format"):
        make("RandomFlip")({"images": np.ones((4, 4, 3)), "bounding_boxes": boxes})
    with pytest.raises(ValueError, match="dict with keys 'boxes' and 'labels'"):
        layers.RandomFlip(bounding_box_format="xyxy")(
            {"images": np.ones((4, 4, 3)), "bounding_boxes": {"boxes": np.ones((1, 4))}}
        )
    with pytest.raises(NotImplementedError, match="isn't defined where the layer moves bounding boxes"):
        layers.CutMix(bounding_box_format="xyxy")({"images": np.ones((1, 4, 4, 3)), "bounding_boxes": boxes})
    with pytest.raises(ValueError, match="must have 3 channels"):
        layers.RandomColorDegeneration(0.1).compute_output_shape((4, 4, 2))
    with pytest.raises(KeyError, match="unsupported keys"):
        layers.MaxNumBoundingBoxes(2).compute_output_shape({"bounding_boxes": {"boxes": (1, 2, 4), "scores": (1, 2)}})
