"""Keras 2's image generator: what each transform does to one image, what iterators give, what is refused."""

import sys
import warnings

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import jaxnn as keras
from jaxnn.preprocessing.image import (
    ImageDataGenerator,
    Iterator,
    apply_affine_transform,
    apply_brightness_shift,
    apply_channel_shift,
    random_brightness,
    random_zoom,
)

LAST = {"row_axis": 0, "col_axis": 1, "channel_axis": 2}
X = np.arange(2 * 3 * 3 * 1, dtype="float32").reshape(2, 3, 3, 1)


@pytest.fixture
def folder(tmp_path):
    """Two classes of two images."""
    for kind, grey in (("dark", 10), ("light", 200)):
        (tmp_path / kind).mkdir()
        for i in range(2):
            Image.fromarray(np.full((4, 4, 3), grey + i, "uint8")).save(tmp_path / kind / f"{i}.png")
    return tmp_path


def test_a_quarter_turn_a_shift_and_a_zoom_by_hand():
    x = X[0]
    turned = apply_affine_transform(x, theta=90, **LAST)
    np.testing.assert_allclose(turned[..., 0], np.rot90(x[..., 0], -1), atol=1e-5)  # sines of right angles are rounded
    down = apply_affine_transform(x, tx=1, **LAST)
    assert down[..., 0].tolist() == [[3, 4, 5], [6, 7, 8], [6, 7, 8]]  # shows the row below; the last one is repeated
    half = apply_affine_transform(x[:2], theta=180, **LAST)
    np.testing.assert_allclose(half[..., 0], x[1::-1, ::-1, 0], atol=1e-5)  # about the middle of what isn't square, too
    wide = apply_affine_transform(x, zy=3, fill_mode="constant", cval=-1, order=0, **LAST)
    assert wide[0, :, 0].tolist() == [-1, 1, -1]  # thrice as much across


def test_height_is_height_and_width_is_width():
    x = np.arange(36.0).reshape(6, 6, 1)
    down = ImageDataGenerator(height_shift_range=[2]).random_transform(x)
    across = ImageDataGenerator(width_shift_range=[2]).random_transform(x)
    assert any(np.array_equal(down[2:-2], np.roll(x, shift, 0)[2:-2]) for shift in (-2, 2))
    assert any(np.array_equal(across[:, 2:-2], np.roll(x, shift, 1)[:, 2:-2]) for shift in (-2, 2))


def test_an_image_that_nothing_is_done_to_is_given_back(monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.ndimage", None)
    assert np.shares_memory(apply_affine_transform(X[0], **LAST), X)
    with pytest.raises(ImportError, match=r"pip install jaxnn\[images\]"):
        apply_affine_transform(X[0], theta=1, **LAST)


def test_colours_stay_between_the_smallest_and_the_largest():
    assert apply_channel_shift(X[0], 5).ravel().tolist() == [5, 6, 7, 8, 8, 8, 8, 8, 8]
    assert apply_brightness_shift(np.full((2, 2, 3), 100.0), 0.5, scale=False).max() == 50


def test_batches_have_labels_and_weights_and_come_without_end():
    flow = ImageDataGenerator().flow(X, [3, 4], batch_size=1, shuffle=False, sample_weight=[0.5, 2])
    x, y, weight = next(flow)
    assert (x.tolist(), y.tolist(), weight.tolist()) == (X[:1].tolist(), [3], [0.5])
    assert [flow.next()[1].tolist() for _ in range(3)] == [[4], [3], [4]]
    assert len(flow) == 2
    assert flow[1][1].tolist() == [4]
    flow.reset()
    assert next(flow)[1].tolist() == [3]
    with pytest.raises(ValueError, match="Asked to retrieve element 2, but the Sequence has length 2"):
        flow[2]


def test_a_seed_repeats_batches_and_an_epochs_end_mixes_anew():
    x = np.arange(40.0).reshape(40, 1, 1, 1)
    first, second = (ImageDataGenerator(horizontal_flip=True).flow(x, seed=5, batch_size=8) for _ in range(2))
    assert [next(first).tolist() for _ in range(7)] == [next(second).tolist() for _ in range(7)]
    flow = ImageDataGenerator().flow(x, batch_size=40)
    before = flow[0].ravel().tolist()
    flow.on_epoch_end()
    assert sorted(before) == sorted(flow[0].ravel().tolist())
    assert before != flow[0].ravel().tolist()


def test_fit_learns_mean_and_deviation_of_each_channel():
    x = np.random.default_rng(0).normal(3, 2, (50, 4, 4, 3))
    generator = ImageDataGenerator(featurewise_center=True, featurewise_std_normalization=True)
    generator.fit(x)
    batch = next(generator.flow(x, batch_size=50))
    np.testing.assert_allclose(batch.mean((0, 1, 2)), 0, atol=1e-5)  # float32 sums of 800 numbers
    np.testing.assert_allclose(batch.std((0, 1, 2)), 1, atol=1e-5)
    assert generator.mean.shape == (1, 1, 3)


def test_whitening_makes_pixels_uncorrelated():
    x = np.random.default_rng(0).normal(size=(200, 2, 2, 1)).cumsum(axis=1)
    generator = ImageDataGenerator(featurewise_center=True, zca_whitening=True)
    generator.fit(x)
    white = next(generator.flow(x, batch_size=200)).reshape(200, -1)
    np.testing.assert_allclose(white.T @ white / 200, np.eye(4), atol=1e-4)  # float32 singular vectors


def test_a_folder_has_classes_and_a_subset_of_each(folder, capsys):
    flow = ImageDataGenerator(rescale=1 / 255, validation_split=0.5).flow_from_directory(
        folder, target_size=(2, 2), class_mode="binary", subset="validation", shuffle=False
    )
    x, y = next(flow)
    np.testing.assert_allclose(x[:, 0, 0, 0], [10 / 255, 200 / 255], rtol=1e-6)  # one product in float32
    assert (y.tolist(), flow.class_indices, flow.classes.tolist()) == ([0, 1], {"dark": 0, "light": 1}, [0, 1])
    assert (flow.filenames, flow.samples, flow.num_classes) == (["dark/0.png", "light/0.png"], 2, 2)
    assert (flow.image_shape, flow.labels.tolist()) == ((2, 2, 3), [0, 1])
    assert capsys.readouterr().out == "Found 2 images belonging to 2 classes.\n"


def test_augmented_images_are_written_to_look_at(folder, tmp_path):
    place = tmp_path / "seen"
    place.mkdir()
    kwargs = {"save_to_dir": place, "save_prefix": "aug", "batch_size": 2}
    next(ImageDataGenerator().flow_from_directory(folder, target_size=(2, 2), classes=["dark"], **kwargs))
    next(ImageDataGenerator().flow(X, save_format="jpeg", **kwargs))
    assert sorted(path.suffix for path in place.iterdir()) == [".jpeg", ".jpeg", ".png", ".png"]
    assert all(path.name.startswith("aug_") for path in place.iterdir())


def test_a_table_without_its_files_is_told(folder):
    table = pd.DataFrame({"filename": ["dark/0.png", "light/0.png", "no.png", "dark/0.txt"], "class": list("abab")})
    with pytest.warns(UserWarning, match=r'Found 2 invalid image filename\(s\) in x_col="filename"'):
        flow = ImageDataGenerator().flow_from_dataframe(table, folder, target_size=(2, 2))
    assert flow.filenames == ["dark/0.png", "light/0.png"]
    assert next(flow)[1].shape == (2, 2)


@pytest.mark.parametrize(
    ("kwargs", "error", "message"),
    [
        ({"class_mode": "other_mode"}, ValueError, "`class_mode` must be one of"),
        ({"class_mode": "multi_output"}, TypeError, "y_col must be a list; got str"),
        ({"x_col": "number"}, TypeError, "x_col=number must be strings"),
        ({"class_mode": "sparse", "y_col": "number"}, TypeError, "column values must be strings"),
        ({"class_mode": "binary", "classes": ["a"]}, ValueError, "there must be 2 classes; got 1"),
        ({"y_col": "number"}, TypeError, "must be type string, list or tuple"),
        ({"weight_col": "class"}, TypeError, "Column weight_col=class must be numeric"),
        ({"color_mode": "bgr"}, ValueError, "Invalid color mode: bgr"),
        ({"subset": "test"}, ValueError, "`subset` must be one of 'training', 'validation'"),
        ({"has_extension": True}, TypeError, "unexpected keyword argument 'has_extension'"),
    ],
)
def test_what_tables_refuse(folder, kwargs, error, message):
    table = pd.DataFrame({"filename": ["dark/0.png", "light/0.png"], "class": ["a", "b"], "number": [1, 2]})
    with pytest.raises(error, match=message):
        ImageDataGenerator().flow_from_dataframe(table, folder, **kwargs)


def test_old_arguments_of_tables_are_deprecated(folder):
    table = pd.DataFrame({"filename": ["dark/0.png"], "class": [1.5]})
    with pytest.warns(DeprecationWarning, match="is deprecated") as told:
        flow = ImageDataGenerator().flow_from_dataframe(
            table, folder, has_ext=True, class_mode="other", target_size=(2, 2)
        )
    assert len(told) == 2
    assert next(flow)[1].tolist() == [1.5]
    with pytest.warns(UserWarning, match='`classes` will be ignored given the class_mode="raw"'):
        ImageDataGenerator().flow_from_dataframe(table, folder, class_mode="raw", classes=["a"])


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"zoom_range": (1, 2, 3)}, "`zoom_range` should be a float or a tuple or list of two floats"),
        ({"brightness_range": 0.5}, "`brightness_range` should be tuple or list of two floats"),
        ({"validation_split": 1.5}, "`validation_split` must be strictly between 0 and 1"),
        ({"data_format": "last"}, "`data_format` must be one of"),
    ],
)
def test_what_the_generator_refuses(kwargs, message):
    with pytest.raises(ValueError, match=message):
        ImageDataGenerator(**kwargs)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda g: g.flow(X[0]), "should have rank 4; got an array with shape"),
        (lambda g: g.flow(X, [1]), r"`x` \(images tensor\) and `y` \(labels\) should have the same length"),
        (lambda g: g.flow(X, [1, 2], sample_weight=[1]), "`sample_weight` should have the same length"),
        (lambda g: g.flow([X, [[1]]]), "All of the arrays in `x` should have the same length"),
        (lambda g: g.flow(X, subset="test"), "Invalid subset name: test"),
        (lambda g: g.flow(X, [1, 2], subset="training"), "have different number of classes after the split"),
        (lambda g: g.fit(X[0]), "fit: Input data should have rank 4"),
        (lambda g: apply_affine_transform(X, theta=1, **LAST), "must be multi-channel 2D images"),
        (lambda g: apply_affine_transform(X[0], row_axis=0, col_axis=0), "must be distinct"),
        (lambda g: apply_affine_transform(X[0], row_axis=0, col_axis=2, channel_axis=1), "Invalid axis' indices"),
        (lambda g: random_zoom(X[0], (1,)), "`zoom_range` should be a tuple or list of two floats"),
        (lambda g: random_brightness(X[0], (1,)), "`brightness_range` should be tuple"),
    ],
)
def test_what_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call(ImageDataGenerator(validation_split=0.5))


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"zca_whitening": True}, "specifies `zca_whitening`, which overrides setting of `featurewise_center`"),
        ({"featurewise_std_normalization": True}, "which overrides setting of `featurewise_center`"),
        ({"samplewise_std_normalization": True}, "which overrides setting of `samplewise_center`"),
    ],
)
def test_normalisations_that_bring_others_are_told(kwargs, message):
    with pytest.warns(UserWarning, match=message):
        ImageDataGenerator(**kwargs)


def test_what_was_not_fitted_is_told_and_left_out():
    flow = ImageDataGenerator(featurewise_center=True).flow(X, shuffle=False)
    with pytest.warns(
        UserWarning, match=r"specifies `featurewise_center`, but it hasn't been fit on any training data"
    ):
        assert next(flow).tolist() == X.tolist()


def test_a_base_iterator_asks_for_its_batches():
    with pytest.raises(TypeError, match="needs `_get_batches_of_transformed_samples"):
        next(Iterator(3, 2, False, None))


def test_iterators_are_sequences():
    assert isinstance(ImageDataGenerator().flow(X), keras.utils.Sequence)


def test_a_model_trains_on_augmented_batches():
    x = np.random.default_rng(0).uniform(size=(16, 4, 4, 1)).astype("float32")
    model = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        flow = ImageDataGenerator(horizontal_flip=True).flow(x, np.arange(16.0), batch_size=5)
        history = model.fit(flow, epochs=2, verbose=0)
    assert len(history.history["loss"]) == 2
