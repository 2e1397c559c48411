"""Keras 2's preprocessing against the copy of it in Keras 3: same draws, same arrays, bit for bit, and the stream after it.

`apply_affine_transform` there exchanges rows and columns halfway (see ours). Told that rows are columns it doesn't, and is
right for square images: so it is called here. It also asks for a name that SciPy is about to drop: that warning is passed over.
"""

import random

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from keras.src.legacy.preprocessing import image as keras_image
from keras.src.legacy.preprocessing import sequence as keras_sequence
from keras.src.legacy.preprocessing import text as keras_text
from PIL import Image

from jaxnn.preprocessing import image, sequence, text

SETTINGS = settings(max_examples=30, derandomize=True, deadline=None)
pytestmark = [
    pytest.mark.filterwarnings("ignore:Please .* from the `scipy.ndimage` namespace:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:This ImageDataGenerator specifies:UserWarning"),
    pytest.mark.filterwarnings("ignore:Your `PyDataset` class should call:UserWarning"),
]
X = np.random.default_rng(0).uniform(0, 255, (7, 6, 6, 3)).astype("float32")
Y = np.arange(7)


@pytest.fixture(autouse=True, scope="module")
def unexchanged():
    with pytest.MonkeyPatch.context() as patch:
        original = keras_image.apply_affine_transform

        def told_the_other_way_round(*args, row_axis, col_axis, **kwargs):
            return original(*args, row_axis=col_axis, col_axis=row_axis, **kwargs)

        patch.setattr(keras_image, "apply_affine_transform", told_the_other_way_round)
        yield


def equal(a, b):
    if isinstance(a, list | tuple):
        assert len(a) == len(b)
        for one, other in zip(a, b, strict=True):
            equal(one, other)
    else:
        a, b = np.asarray(a), np.asarray(b)
        assert (a.dtype, a.shape) == (b.dtype, b.shape)
        np.testing.assert_array_equal(a, b)


def both_flow(arguments, flow, fit=None):
    """Five batches of the endless kind, the last by index, and the next number of NumPy's stream."""
    results = []
    for module in (keras_image, image):
        np.random.seed(1)
        generator = module.ImageDataGenerator(**arguments)
        if fit is not None:
            generator.fit(X, **fit)
        batches = flow(generator)
        results.append(
            [*(next(batches) for _ in range(5)), batches[len(batches) - 1], len(batches), np.random.random()]
        )
    equal(*results)


TRANSFORMS = st.fixed_dictionaries(
    {},
    optional={
        "rotation_range": st.sampled_from([0, 20]),
        "width_shift_range": st.sampled_from([0.2, 2, [1, 3]]),
        "height_shift_range": st.sampled_from([0.2, 2, [1, 3]]),
        "brightness_range": st.sampled_from([None, (0.5, 1.5)]),
        "shear_range": st.sampled_from([0.0, 10.0]),
        "zoom_range": st.sampled_from([0.3, (0.5, 1.0)]),
        "channel_shift_range": st.sampled_from([0.0, 30.0]),
        "fill_mode": st.sampled_from(["nearest", "constant", "reflect", "wrap"]),
        "cval": st.just(7.0),
        "horizontal_flip": st.booleans(),
        "vertical_flip": st.booleans(),
        "rescale": st.just(1 / 255),
        "interpolation_order": st.sampled_from([0, 1]),
        "preprocessing_function": st.just(np.sqrt),
    },
)


@given(TRANSFORMS, st.booleans(), st.sampled_from([None, 3]))
@SETTINGS
def test_transforms_of_an_array(arguments, shuffle, seed):
    both_flow(arguments, lambda g: g.flow(X, Y, batch_size=3, shuffle=shuffle, seed=seed, sample_weight=Y * 0.5))


@pytest.mark.parametrize(
    "arguments",
    [
        {"samplewise_center": True, "samplewise_std_normalization": True, "rotation_range": 9},
        {"featurewise_std_normalization": True, "zoom_range": 0.1},
        {"zca_whitening": True, "rescale": 1 / 255},
    ],
)
def test_normalisations(arguments):
    both_flow(arguments, lambda g: g.flow(X, batch_size=3), fit={"augment": True, "rounds": 2, "seed": 3})
    both_flow(arguments, lambda g: g.flow([X, [Y, Y * 2]], Y, batch_size=3), fit={})


@pytest.mark.parametrize("subset", ["training", "validation"])
def test_subsets(subset):
    both_flow({"validation_split": 0.3}, lambda g: g.flow(X, Y * 0, batch_size=2, subset=subset))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Three classes of five images of different sizes, one of each deeper down."""
    folder = tmp_path_factory.mktemp("images")
    rng = np.random.default_rng(0)
    for kind in ("b", "a", "c"):
        (folder / kind / "deep").mkdir(parents=True)
        for i in range(5):
            x = rng.integers(0, 255, (*rng.integers(4, 12, 2), 3)).astype("uint8")
            Image.fromarray(x).save(folder / kind / ("deep" if i == 0 else "") / f"{i}.png")
    return folder


@pytest.mark.parametrize("class_mode", ["categorical", "sparse", "input", None])
@pytest.mark.parametrize("color_mode", ["rgb", "grayscale"])
def test_folders(folder, class_mode, color_mode):
    kwargs = {"class_mode": class_mode, "color_mode": color_mode, "target_size": (5, 5), "batch_size": 4}
    arguments = {"validation_split": 0.4, "horizontal_flip": True, "rotation_range": 20}
    both_flow(arguments, lambda g: g.flow_from_directory(str(folder), subset="training", **kwargs))
    both_flow({}, lambda g: g.flow_from_directory(str(folder), classes=["c", "a"], keep_aspect_ratio=True, **kwargs))


TABLES = [
    {},
    {"class_mode": "sparse", "weight_col": "weight"},
    {"class_mode": "raw", "y_col": ["value", "weight"]},
    {"class_mode": "multi_output", "y_col": ["value", "weight"]},
    {"classes": ["c", "a"]},
    {"class_mode": "binary", "classes": ["c", "a"]},
    {"y_col": "list", "classes": ["c", "a"]},
    {"y_col": "list"},
    {"class_mode": None, "subset": "validation", "shuffle": False},
    {"class_mode": "input", "subset": "training"},
]


@pytest.mark.parametrize("kwargs", TABLES)
def test_tables(folder, kwargs):
    files = sorted(str(path.relative_to(folder)) for path in folder.rglob("*.png"))
    table = pd.DataFrame(
        {
            "filename": files,
            "class": [name[0] for name in files],
            "list": [[name[0], "b"] for name in files],
            "value": np.arange(15.0),
            "weight": np.arange(15),
        }
    )
    both_flow(
        {"validation_split": 0.4, "vertical_flip": True},
        lambda g: g.flow_from_dataframe(table, str(folder), target_size=(5, 6), batch_size=4, **kwargs),
    )


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("random_rotation", (20, 0, 1, 2)),
        ("random_shift", (0.2, 0.3, 0, 1, 2)),
        ("random_shear", (10, 0, 1, 2, "constant", 3.0)),
        ("random_zoom", ((0.5, 1.2), 0, 1, 2)),
        ("random_channel_shift", (20, 2)),
        ("random_brightness", ((0.5, 1.5),)),
        ("random_brightness", ((0.5, 1.5), False)),
    ],
)
def test_functions_of_one_image(name, arguments):
    results = []
    for module in (keras_image, image):
        np.random.seed(0)
        results.append(getattr(module, name)(X[0] * 2 - 100, *arguments))
    equal(*results)


TEXTS = ["The cat sat, on the mat!", "the dog; ran away from the cat", "Ünï code\ttab", ["already", "Split", "the"]]
TOKENIZERS = st.fixed_dictionaries(
    {},
    optional={
        "num_words": st.sampled_from([None, 4]),
        "oov_token": st.just("?"),
        "lower": st.booleans(),
        "filters": st.sampled_from(["", "a,"]),
        "split": st.sampled_from([" ", "t"]),
        "char_level": st.booleans(),
    },
)


@given(TOKENIZERS)
@SETTINGS
def test_tokenizers(arguments):
    ours, theirs = text.Tokenizer(**arguments), keras_text.Tokenizer(**arguments)
    for tokenizer in (ours, theirs):
        tokenizer.fit_on_texts(TEXTS)
    sequences = theirs.texts_to_sequences([*TEXTS, "unknown cat"])
    assert ours.texts_to_sequences([*TEXTS, "unknown cat"]) == sequences
    assert ours.sequences_to_texts(sequences) == theirs.sequences_to_texts(sequences)
    for mode in ("binary", "count", "freq", "tfidf"):
        equal(ours.texts_to_matrix(TEXTS, mode), theirs.texts_to_matrix(TEXTS, mode))
    our_config, their_config = ours.get_config(), theirs.get_config()
    in_any_order = ("word_docs", "index_docs")  # written in the order of a set of words
    assert {k: v for k, v in our_config.items() if k not in in_any_order} == {
        k: v for k, v in their_config.items() if k not in in_any_order
    }
    assert text.tokenizer_from_json(theirs.to_json()).texts_to_sequences(TEXTS) == theirs.texts_to_sequences(TEXTS)
    assert keras_text.tokenizer_from_json(ours.to_json()).texts_to_sequences(TEXTS) == theirs.texts_to_sequences(TEXTS)


def test_hashes():
    words = "a b c the a"
    assert text.hashing_trick(words, 50, "md5") == keras_text.hashing_trick(words, 50, "md5")
    assert text.one_hot(words, 9) == keras_text.one_hot(words, 9)
    assert text.hashing_trick(words, 9, len, analyzer=str.split) == keras_text.hashing_trick(
        words, 9, len, analyzer=str.split
    )


@pytest.mark.parametrize(
    "arguments",
    [
        {"seed": 3, "window_size": 2},
        {"seed": 3, "categorical": True, "negative_samples": 0.5},
        {"shuffle": False, "sampling_table": np.linspace(0, 1, 20)},
    ],
)
def test_skipgrams(arguments):
    results = []
    for module in (keras_sequence, sequence):
        random.seed(0)
        results.append((module.skipgrams([1, 2, 0, 3, 4, 5, 6, 3], 20, **arguments), random.random()))
    assert results[0] == results[1]
    equal(keras_sequence.make_sampling_table(50), sequence.make_sampling_table(50))


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"sampling_rate": 2, "stride": 3},
        {"start_index": 3, "end_index": 20, "reverse": True},
        {"shuffle": True},
    ],
)
def test_timeseries_generators(arguments):
    results = []
    for module in (keras_sequence, sequence):
        np.random.seed(0)
        batches = module.TimeseriesGenerator(np.arange(60).reshape(30, 2), np.arange(30), 4, batch_size=5, **arguments)
        results.append([batches[i] for i in range(len(batches))])
    equal(*results)
