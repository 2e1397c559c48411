"""What belongs to an image goes where the image goes: boxes lie around the same thing, masks cover it, labels are mixed."""

import jax
import numpy as np
import pytest

from jaxnn import layers
from tests.layers.image.cases import images, make

BOX = np.float32([[12, 6, 21, 15]])  # x, y, x, y of a bright thing in a dark image of 30 rows and 40 columns


def thing():
    image = np.zeros((30, 40, 1), "float32")
    image[6:15, 12:21] = 100.0
    return image


def around(image):
    """The box around what is bright."""
    rows, columns = np.nonzero(np.asarray(image)[..., 0] > 50)
    return [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]


MOVES = {
    "CenterCrop": {"height": 20, "width": 32},
    "RandomCrop": {"height": 26, "width": 33, "seed": 2},
    "RandomFlip": {"seed": 1},
    "RandomPerspective": {"factor": (1.0, 1.0), "scale": 0.1, "seed": 4},
    "RandomRotation": {"factor": (0.5, 0.5)},
    "RandomTranslation": {"height_factor": (0.2, 0.2), "width_factor": (-0.1, -0.1)},
    "RandomZoom": {"height_factor": (-0.3, -0.3), "width_factor": (0.2, 0.2)},
    "Resizing": {"height": 15, "width": 60},
}


@pytest.mark.parametrize("name", MOVES)
@pytest.mark.parametrize("form", ["xyxy", "rel_center_xywh"])
def test_boxes_lie_around_the_same_thing(name, form):
    from jaxnn.utils.bounding_boxes import convert_format

    extra = {} if name in ("CenterCrop", "Resizing", "RandomCrop", "RandomFlip") else {"fill_value": 0.0}
    if name in ("RandomRotation", "RandomTranslation", "RandomZoom"):
        extra["fill_mode"] = "constant"
    layer = getattr(layers, name)(bounding_box_format=form, **MOVES[name], **extra)
    boxes = convert_format(BOX, "xyxy", form, 30, 40)
    result = layer({"images": thing(), "bounding_boxes": {"boxes": boxes, "labels": np.array([3])}})
    height, width = result["images"].shape[:2]
    moved = convert_format(result["bounding_boxes"]["boxes"], form, "xyxy", height, width)
    # pixels are squares to boxes and points to interpolation: a pixel and a half at the most
    np.testing.assert_allclose(moved[0], around(result["images"]), atol=1.6)
    assert result["bounding_boxes"]["labels"].tolist() == [3]


def test_boxes_are_slanted_as_in_keras():
    layer = layers.RandomShear((0.2, 0.2), bounding_box_format="rel_xyxy", seed=1)
    drawn = {"shear_factor": np.float32([[0.5, 0.0]]), "input_shape": (1, 10, 10, 3)}
    boxes = {"boxes": np.float32([[[0.5, 0.2, 0.7, 0.4]]]), "labels": np.array([[1]])}
    # by hand: x - 0.5 y, at the lower edge for the left side and at the upper one for the right side
    np.testing.assert_allclose(
        layer.transform_bounding_boxes(boxes, drawn)["boxes"], [[[0.3, 0.2, 0.6, 0.4]]], rtol=1e-6
    )


def test_what_has_left_the_image_is_labelled_minus_one():
    layer = layers.RandomTranslation(0, (0.5, 0.5), bounding_box_format="xyxy")
    boxes = {"boxes": np.float32([[25, 5, 30, 9], [0, 5, 10, 9]]), "labels": np.array([1, 2])}
    result = layer({"images": thing(), "bounding_boxes": boxes})["bounding_boxes"]
    assert result["labels"].tolist() == [-1, 2]


MASKED = [
    "RandomCrop",
    "RandomElasticTransform",
    "RandomFlip",
    "RandomPerspective",
    "RandomRotation",
    "RandomZoom",
    "CutMix",
]


@pytest.mark.parametrize("name", MASKED)
def test_masks_go_where_images_go(name):
    kwargs = {"interpolation": "nearest"} if name in MASKED[1:2] + MASKED[3:6] else {}
    x = images()
    result = make(name, **kwargs)({"images": x, "segmentation_masks": x[..., :1]})
    np.testing.assert_allclose(result["segmentation_masks"], result["images"][..., :1], atol=1e-4)


def test_colours_leave_the_rest_as_it_is():
    mask, label = np.ones((3, 7, 5, 1)), np.eye(3)
    boxes = {"boxes": np.ones((3, 2, 4)), "labels": np.ones((3, 2))}
    data = {"images": images(), "labels": label, "segmentation_masks": mask, "bounding_boxes": boxes, "other": mask}
    result = make("RandomHue", bounding_box_format="xyxy")(data)
    for key in ("labels", "segmentation_masks", "other"):
        np.testing.assert_array_equal(result[key], data[key])
    np.testing.assert_array_equal(result["bounding_boxes"]["boxes"], boxes["boxes"])
    assert set(data) == set(result)
    assert isinstance(data["images"], np.ndarray)  # the caller's dictionary stays the caller's


def test_mixtures_mix_labels_by_the_weights_and_keep_all_boxes():
    x = np.stack([np.full((4, 4, 1), float(i), "float32") for i in range(4)])
    boxes = {"boxes": np.ones((4, 2, 4)), "labels": np.arange(8).reshape(4, 2)}
    data = {"images": x, "labels": np.eye(4), "bounding_boxes": boxes}
    mixed = layers.MixUp(1.0, seed=1, bounding_box_format="xyxy")(data)
    tones = mixed["labels"] @ np.arange(4.0)  # an image's tone is its class
    np.testing.assert_allclose(mixed["images"][:, 0, 0, 0], tones, rtol=1e-5)
    assert mixed["bounding_boxes"]["boxes"].shape == (4, 4, 4)
    assert mixed["bounding_boxes"]["labels"].shape == (4, 4)
    cut = layers.CutMix(seed=1)({"images": x, "labels": np.eye(4)})
    np.testing.assert_allclose(cut["labels"].sum(1), 1.0, rtol=1e-6)


def test_boxes_are_padded_and_left_out():
    layer = layers.MaxNumBoundingBoxes(2, fill_value=-5, bounding_box_format="xyxy")
    boxes = {"boxes": np.ones((1, 3, 4)), "labels": np.array([[7, 8, 9]])}
    many = layer.transform_bounding_boxes(boxes, None)
    few = layer.transform_bounding_boxes({k: v[:, :1] for k, v in boxes.items()}, None)
    assert (many["labels"].tolist(), few["labels"].tolist()) == ([[7, 8]], [[7, -5]])
    assert few["boxes"][0, 1].tolist() == [-5.0] * 4
    assert layers.MaxNumBoundingBoxes.from_config(layer.get_config()).fill_value == -5


def test_rand_augment_moves_boxes_in_the_order_of_the_images():
    layer = layers.RandAugment(num_ops=2, factor=(0.3, 0.3), bounding_box_format="xyxy", seed=1)
    data = {"images": thing()[None], "bounding_boxes": {"boxes": BOX[None], "labels": np.array([[1]])}}
    drawn = layer.get_random_transformation({"images": thing()[None].repeat(3, -1)})
    shift, flat = (
        list(drawn["transforms"]).index("random_translation"),
        list(drawn["transforms"]).index("random_rotation"),
    )
    orders = []
    for order in ([shift, flat], [flat, shift]):
        boxes = layer.transform_bounding_boxes(data["bounding_boxes"], {**drawn, "layer_idxes": np.array(order)})
        orders.append(boxes["boxes"])
    one, two = (getattr(layer, f"random_{n}") for n in ("translation", "rotation"))
    first = one.transform_bounding_boxes(data["bounding_boxes"], drawn["transforms"]["random_translation"])
    expected = two.transform_bounding_boxes(first, drawn["transforms"]["random_rotation"])["boxes"]
    np.testing.assert_allclose(orders[0], expected, rtol=1e-6)
    assert not np.allclose(orders[0], orders[1])


def test_dictionaries_compile_and_are_symbolic():
    layer = layers.RandomRotation(0.2, bounding_box_format="xyxy", seed=1)
    data = {
        "images": thing()[None],
        "labels": np.ones((1, 2), "float32"),
        "segmentation_masks": thing()[None],
        "bounding_boxes": {"boxes": BOX[None], "labels": np.array([[1]])},
    }
    inputs = {
        "images": layers.Input((30, 40, 1)),
        "labels": layers.Input((2,)),
        "segmentation_masks": layers.Input((30, 40, 1)),
        "bounding_boxes": {"boxes": layers.Input((None, 4)), "labels": layers.Input((None,), dtype="int32")},
    }
    spec = layer(inputs)
    assert spec["images"].shape == (None, 30, 40, 1)
    assert spec["bounding_boxes"]["boxes"].shape == (None, None, 4)
    params, state = layer.take()
    run = lambda state, data: layer.apply(params, state, data, training=True)[0]  # noqa: E731
    eager, compiled = run(state, data), jax.jit(run)(state, data)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-3), eager, compiled)
