"""Image layers beside Keras's on JAX: the same draws for the same seed, the same configs, the same numbers."""

import keras
import numpy as np
import pytest

import jaxnn
from jaxnn import layers
from jaxnn.utils import bounding_boxes
from tests.layers.image.cases import EVERY, images, make

SHAPE = (2, 6, 5, 3)
CLOSE = {"rtol": 1e-5, "atol": 2e-3}  # of 255: places between pixels are computed in another order of operations
FURTHER = [
    ("RandomCrop", {"height": 8, "width": 3}),  # larger than the image
    ("RandomRotation", {"factor": (0.1, 0.2), "fill_mode": "constant", "interpolation": "nearest", "fill_value": 3.0}),
    ("RandomShear", {"x_factor": (0.1, 0.4), "fill_mode": "wrap"}),
    ("RandomErasing", {"factor": 0.7}),  # noise
    ("Resizing", {"height": 4, "width": 9, "pad_to_aspect_ratio": True}),
    ("Equalization", {"value_range": (0, 300), "bins": 64}),
]
BESIDE = [*((name, {}) for name in EVERY), *FURTHER]


def plain(config):
    config.pop("dtype")
    return config


def ours(name, kwargs):
    return getattr(layers, name)(**kwargs, **({"seed": 3} if "Random" in name else {})) if kwargs else make(name)


@pytest.mark.filterwarnings("ignore:Explicitly requested dtype int64:UserWarning")  # Keras's own, in MixUp
@pytest.mark.parametrize(("name", "kwargs"), BESIDE)
def test_a_seed_draws_what_it_draws_in_keras(name, kwargs):
    if name == "RandomShear":
        given = kwargs or {"x_factor": (0.1, 0.3), "y_factor": (0.0, 0.2)}
        layer, other = layers.RandomShear(**given, seed=3), keras.layers.RandomShear(**given, seed=3)
    else:
        layer = ours(name, kwargs)
        arguments = {**(kwargs or EVERY[name]), **({"seed": layer.seed} if hasattr(layer, "seed") else {})}
        other = getattr(keras.layers, name)(**arguments, name=layer.name)
        config = {k: v for k, v in plain(layer.get_config()).items() if (name, k) != ("RandomGrayscale", "seed")}
        assert config == plain(other.get_config())
    x = images(shape=SHAPE)
    for module, run in ((keras, other), (jaxnn, layer)):
        module.utils.set_random_seed(1)  # AugMix asks Python's stream
        outputs = [np.asarray(run(x, training=True)) for _ in range(2)]
        if module is keras:
            expected = outputs
    np.testing.assert_allclose(outputs, expected, **CLOSE)


MOVED = {
    "CenterCrop": {"height": 4, "width": 3},
    "RandomFlip": {"seed": 1},
    "RandomRotation": {"factor": 0.2, "seed": 1},
    "RandomShear": {"x_factor": 0.2, "y_factor": 0.1, "seed": 1},
    "RandomTranslation": {"height_factor": 0.2, "width_factor": 0.2, "seed": 1},
    "RandomZoom": {"height_factor": 0.3, "seed": 1},
    "Resizing": {"height": 9, "width": 4, "crop_to_aspect_ratio": True},
}


@pytest.mark.parametrize("name", MOVED)
def test_dictionaries_come_out_as_in_keras(name):
    rng = np.random.default_rng(0)
    corner = rng.uniform(0, 2, (2, 3, 2))
    boxes = np.concatenate([corner, corner + rng.uniform(1, 3, (2, 3, 2))], axis=-1).astype("float32")

    def data():
        classes = rng.integers(0, 9, (2, 6, 5, 1)).astype("float32") * 0 + np.arange(5.0)[:, None]
        return {
            "images": images(shape=SHAPE),
            "labels": np.eye(2, dtype="float32"),
            "segmentation_masks": classes.astype("float32"),
            "bounding_boxes": {"boxes": boxes.copy(), "labels": np.arange(6).reshape(2, 3)},
        }

    expected, result = (
        getattr(module.layers, name)(**MOVED[name], bounding_box_format="xyxy")(data(), training=True)
        for module in (keras, jaxnn)
    )
    for key in ("images", "labels", "segmentation_masks"):
        np.testing.assert_allclose(result[key], expected[key], **CLOSE, err_msg=key)
    for key in ("boxes", "labels"):
        np.testing.assert_allclose(
            result["bounding_boxes"][key], expected["bounding_boxes"][key], rtol=1e-5, atol=1e-5, err_msg=key
        )


@pytest.mark.parametrize(
    "source", ["xyxy", "yxyx", "xywh", "center_xywh", "center_yxhw", "rel_xyxy", "rel_yxyx", "rel_xywh"]
)
def test_formats_of_boxes_are_keras(source):
    boxes = np.random.default_rng(1).uniform(1, 9, (2, 4)).astype("float32")
    for target in ("xyxy", "yxyx", "center_yxhw", "rel_yxyx", "rel_center_xywh"):
        given = (boxes, source, target, 20, 30)
        expected = keras.utils.bounding_boxes.convert_format(*given)
        np.testing.assert_array_equal(bounding_boxes.convert_format(*given), expected, err_msg=target)


def test_overlaps_and_deltas_of_boxes_are_keras():
    rng = np.random.default_rng(2)
    one, two = (rng.uniform(0, 9, (2, n, 4)).astype("float32") for n in (4, 4))
    one[..., 2:] += one[..., :2]
    two[..., 2:] += two[..., :2]
    two[0, 0] = -1
    theirs = keras.utils.bounding_boxes
    for given in ((one, two), (one[0], two[0]), (one, two[0]), (one[0], two)):
        for masked in (False, True):
            if masked and np.ndim(given[0]) != np.ndim(given[1]):
                continue
            got, expected = (m.compute_iou(*given, "xyxy", use_masking=masked) for m in (bounding_boxes, theirs))
            np.testing.assert_allclose(got, expected, rtol=1e-6)
    got, expected = (m.compute_ciou(one, two, "yxyx") for m in (bounding_boxes, theirs))
    np.testing.assert_allclose(got, expected, rtol=1e-5)
    settings = {"variance": [0.1, 0.1, 0.2, 0.2], "image_shape": (20, 30, 3)}
    for got, expected in (
        [m.encode_box_to_deltas(one, one * 1.1, "xyxy", "rel_xyxy", **settings) for m in (bounding_boxes, theirs)],
        [m.decode_deltas_to_boxes(one, two / 9, "xyxy", "rel_xywh", **settings) for m in (bounding_boxes, theirs)],
    ):
        np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-6)
