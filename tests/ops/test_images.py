"""Images: values worked out by hand, what comes back after there and back, gradients, and messages."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxnn import ops
from jaxnn.core.graph import KerasTensor

image = ops.image


@pytest.fixture
def picture():
    return np.random.default_rng(0).uniform(0.1, 1.0, (4, 6, 3)).astype("float32")


def test_resizing_keeps_the_mean_of_halved_pictures(picture):
    smaller = image.resize(picture, (2, 3), antialias=False)
    np.testing.assert_allclose(
        smaller[0, 0], picture[:2, :2].mean(axis=(0, 1)), rtol=1e-6
    )  # four pixels, equal weights


def test_resizing_rounds_whole_numbers_and_cuts_them_at_their_ends():
    row = np.array([[[0], [255], [255], [0]]], np.uint8)
    larger = image.resize(row, (1, 8), interpolation="bicubic")
    assert larger.dtype == "uint8"
    assert larger.max() == 255  # the cubic curve overshoots


def test_proportions_are_kept_by_cutting_or_by_filling_up():
    row = np.arange(8.0, dtype=np.float32).reshape(1, 8, 1).repeat(2, axis=0)
    cut = image.resize(row, (2, 2), crop_to_aspect_ratio=True)
    assert cut[0, :, 0].tolist() == [3.0, 4.0]
    filled = image.resize(row, (8, 8), pad_to_aspect_ratio=True, fill_value=9.0)
    assert filled[:, 0, 0].tolist() == [9.0] * 3 + [0.0] * 2 + [9.0] * 3


def test_colours_come_back_from_hue_saturation_and_value(picture):
    np.testing.assert_allclose(image.hsv_to_rgb(image.rgb_to_hsv(picture)), picture, atol=1e-6)  # a few roundings
    first = np.moveaxis(picture, -1, 0)
    np.testing.assert_array_equal(
        image.rgb_to_hsv(first, data_format="channels_first"), np.moveaxis(image.rgb_to_hsv(picture), -1, 0)
    )


def test_grey_has_a_finite_hue_gradient():
    gradient = jax.jit(jax.grad(lambda x: image.rgb_to_hsv(x).sum()))(jnp.full((1, 1, 3), 0.5))
    assert jnp.isfinite(gradient).all()


def test_a_shift_by_whole_pixels_moves_them(picture):
    moved = image.affine_transform(picture, np.array([1, 0, 2, 0, 1, -1, 0, 0], np.float32), fill_value=7.0)
    np.testing.assert_array_equal(moved[1:, :-2], picture[:-1, 2:])
    assert (moved[0] == 7.0).all()


def test_one_transform_serves_a_batch(picture):
    batch, turn = np.stack([picture, -picture]), np.array([0, 1, 0, 1, 0, 0, 0, 0], np.float32)
    together = image.affine_transform(batch, turn)
    np.testing.assert_array_equal(together[1], image.affine_transform(-picture, turn))


def test_points_go_where_they_are_sent(picture):
    start = np.array([[0, 0], [5, 0], [0, 3], [5, 3]], np.float32)
    mirrored = image.perspective_transform(picture, start, start[[1, 0, 3, 2]])
    np.testing.assert_allclose(mirrored, picture[:, ::-1], atol=1e-5)  # the equations are solved in float32


def test_elastic_images_move_along_with_alpha(picture):
    np.testing.assert_array_equal(image.elastic_transform(picture, alpha=0.0, seed=1), picture)
    assert not np.array_equal(image.elastic_transform(picture, alpha=20.0, seed=1), picture)


def test_a_blur_keeps_the_mean_inside_and_is_wider_where_it_was_told():
    dot = np.zeros((9, 9, 1), np.float32)
    dot[4, 4] = 1.0
    blurred = image.gaussian_blur(dot, (5, 3), (2.0, 0.5))[..., 0]
    assert float(blurred.sum()) == pytest.approx(1.0)
    assert blurred[4, 6] > 0
    assert blurred[6, 4] == 0  # three rows only


def test_edges_rise_downwards_and_to_the_right():
    ramp = np.arange(5.0, dtype=np.float32)[None, :, None, None] * np.ones((1, 1, 5, 2), np.float32)
    assert image.sobel_edges(ramp)[0, 2, 2].tolist() == [[8.0, 0.0]] * 2


def test_images_are_like_themselves(picture):
    assert float(image.ssim(picture, picture, filter_size=3)) == pytest.approx(1.0)
    assert float(ops.psnr(picture, picture + 0.1, 1.0)) == pytest.approx(20.0, abs=1e-4)


def test_padding_and_cropping_undo_each_other(picture):
    padded = image.pad_images(picture, top_padding=1, left_padding=2, target_height=9, target_width=10)
    assert padded.shape == (9, 10, 3)
    np.testing.assert_array_equal(image.crop_images(padded, 1, 2, target_height=4, target_width=6), picture)


def test_unknown_sizes_of_borders_are_unknown_or_the_target():
    x = KerasTensor((None, None, None, 3))
    assert image.pad_images(x, 1, 2, 3, target_width=9).shape == (None, None, 9, 3)
    assert image.crop_images(x, 1, 2, target_height=5, right_cropping=0).shape == (None, 5, None, 3)
    assert image.resize(x, (5, 7)).shape == (None, 5, 7, 3)
    assert image.resize(x, (5, 7), "nearest", False, True, False, "constant", 0.0, "channels_first").shape[2:] == (5, 7)
    assert image.affine_transform(x, np.zeros((3, 8))).shape == x.shape
    assert image.perspective_transform(x, np.zeros((4, 2)), np.zeros((4, 2))).shape == x.shape
    assert image.scale_and_translate(x, (None, 5, 7, 3), [1.0], [0.0], (1,), "linear").shape == (None, 5, 7, 3)


def test_patches_side_by_side_are_the_image(picture):
    patches = image.extract_patches(picture[None], (2, 3))
    assert patches.shape == (1, 2, 2, 18)
    np.testing.assert_array_equal(patches[0, 1, 1].reshape(2, 3, 3), picture[2:, 3:])
    volume = image.extract_patches(picture[None, ..., None], (1, 2, 3))
    np.testing.assert_array_equal(volume, image.extract_patches_3d(picture[None, ..., None], (1, 2, 3)))
    inverse = image.extract_patches(np.array([[[np.inf], [1.0]]]), 1)
    assert inverse.ravel().tolist() == [np.inf, 1.0]  # a product with an identity matrix would give NaN


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: image.resize(x, (2, 2, 2)), "`size` to be a tuple of 2 integers"),
        (lambda x: image.resize(x, (0, 2)), "must have positive height and width"),
        (lambda x: image.resize(x, (2, 2), interpolation="best"), "argument `interpolation`. Expected one of"),
        (lambda x: image.resize(x, (2, 2), fill_mode="wrap"), "argument `fill_mode`"),
        (lambda x: image.resize(x, (2, 2), "nearest", False, True, True), "Only one of `pad_to_aspect_ratio`"),
        (lambda x: image.resize(x[0], (2, 2)), "expected rank 3 .single image. or rank 4"),
        (lambda x: image.scale_and_translate(x, (2, 2, 3), [1.0], [0.0], (0,), "best"), "argument `method`"),
        (lambda x: image.rgb_to_grayscale(x[..., :2]), "Invalid channel size: expected 3"),
        (lambda x: image.rgb_to_hsv(x[..., :2]), "must have 3 channels, but received images with 2"),
        (lambda x: image.hsv_to_rgb(x.astype("int32")), "expected float dtype.*Divide by 255"),
        (lambda x: image.affine_transform(x, np.zeros((1, 1, 8))), "Invalid transform rank"),
        (lambda x: image.affine_transform(x, np.zeros(8), fill_mode="best"), "argument `fill_mode`"),
        (lambda x: image.perspective_transform(x, np.zeros((3, 2)), np.zeros((3, 2))), "Invalid start_points shape"),
        (lambda x: image.perspective_transform(x, np.zeros((4, 2)), np.zeros((1, 4, 2))), "must have the same shape"),
        (lambda x: image.map_coordinates(x, np.zeros((2, 5)), 1), "First dim of `coordinates`"),
        (lambda x: image.map_coordinates(x, np.zeros(3), 1), "Invalid coordinates rank"),
        (lambda x: image.map_coordinates(x, np.zeros((3, 1)), 2), "argument `order`"),
        (lambda x: image.sobel_edges(x), "expected rank 4"),
        (lambda x: image.pad_images(x, 1, 2), "Must specify exactly two of top_padding, bottom_padding, target_height"),
        (lambda x: image.pad_images(x, 1, 1, -1, 1), "bottom_padding must be >= 0"),
        (lambda x: image.crop_images(x, 3, 0, target_height=2, target_width=6), "bottom_cropping must be >= 0"),
        (lambda x: image.extract_patches(x, (2,)), "Expected a tuple of length 2 or 3"),
        (lambda x: image.extract_patches(x[0], 2), "expected 3 axes, or 4 for a batch"),
        (lambda x: ops.psnr(x, x[:2], 1.0), "must match for PSNR"),
    ],
)
def test_mistakes_are_told(picture, call, message):
    with pytest.raises(ValueError, match=message):
        call(picture)


def test_a_size_that_is_no_number_is_told(picture):
    with pytest.raises(TypeError, match="Expected an int or a tuple"):
        image.extract_patches(picture, 2.0)
