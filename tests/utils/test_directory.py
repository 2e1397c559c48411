"""Datasets from folders: which files, their order, labels and splits; images, texts and sounds."""

import wave

import numpy as np
import pytest
from PIL import Image

from jaxnn.utils import (
    audio_dataset_from_directory,
    image_dataset_from_directory,
    seeding,
    text_dataset_from_directory,
)


@pytest.fixture
def texts(tmp_path):
    """Three classes of four texts, one of each deeper down; a hidden folder and another kind of file."""
    for kind in ("b", "a", "c"):
        (tmp_path / kind / "deep").mkdir(parents=True)
        for i in range(4):
            folder = tmp_path / kind / ("deep" if i == 0 else "")
            (folder / f"{i}.txt").write_text(f"{kind}{i} text")
    (tmp_path / ".hidden").mkdir()
    (tmp_path / "a" / "notes.md").write_text("no")
    return tmp_path


@pytest.fixture
def images(tmp_path):
    """Two classes of three images, of different sizes and of one grey each."""
    for kind, grey in (("dark", 10), ("light", 200)):
        (tmp_path / kind).mkdir()
        for i in range(3):
            Image.fromarray(np.full((4 + i, 8, 3), grey + i, "uint8")).save(tmp_path / kind / f"{i}.png")
    return tmp_path


@pytest.fixture
def sounds(tmp_path):
    """Two classes of two sounds, of two to five samples."""
    for kind, length in (("no", 2), ("yes", 4)):
        (tmp_path / kind).mkdir()
        for i in range(2):
            with wave.open(str(tmp_path / kind / f"{i}.wav"), "wb") as file:
                file.setnchannels(1)
                file.setsampwidth(2)
                file.setframerate(8000)
                file.writeframes(np.full(length + i, 16384, "<i2").tobytes())
    return tmp_path


def test_unshuffled_texts_come_by_class_folder_and_name(texts, capsys):
    data = text_dataset_from_directory(texts, shuffle=False, batch_size=None)
    assert [(text, int(label)) for text, label in data] == [
        (f"{kind}{i} text", label) for label, kind in enumerate("abc") for i in (1, 2, 3, 0)
    ]
    assert data.class_names == ["a", "b", "c"]
    assert data.file_paths[3] == str(texts / "a" / "deep" / "0.txt")
    assert capsys.readouterr().out == "Found 12 files belonging to 3 classes.\n"


def test_files_are_mixed_as_keras_mixes_them(texts):
    data = text_dataset_from_directory(texts, seed=7, verbose=False)
    by_name = [str(texts / kind / ("deep" if i == 0 else "") / f"{i}.txt") for kind in "abc" for i in (1, 2, 3, 0)]
    np.random.RandomState(7).shuffle(by_name)
    assert data.file_paths == by_name


def test_passes_are_those_of_keras_with_tensorflow(texts, monkeypatch):
    """What Keras 3.15 with TensorFlow 2.21 printed for these files."""
    monkeypatch.setitem(seeding._chosen, "seed", None)
    data = text_dataset_from_directory(texts, seed=7, batch_size=4, verbose=False)
    first, second = (" ".join(text[:2] for batch, _ in data for text in batch) for _ in range(2))
    assert first == "a1 c2 a3 b2 b3 a0 a2 c3 c0 c1 b0 b1"
    assert second == "c3 b1 b2 a3 c2 b0 a2 b3 c0 a0 c1 a1"
    grain = text_dataset_from_directory(texts, seed=7, batch_size=4, verbose=False, format="grain")
    once, again = ([text for batch, _ in grain for text in batch] for _ in range(2))
    assert once == again


def test_labels_in_each_mode(texts):
    def labels(**kwargs):
        ((_, y),) = text_dataset_from_directory(texts, shuffle=False, verbose=False, **kwargs)
        return y.tolist(), str(y.dtype)

    assert labels(class_names=["c", "a"]) == ([0] * 4 + [1] * 4, "int32")
    assert labels(class_names=["c", "a"], label_mode="binary") == ([[0.0]] * 4 + [[1.0]] * 4, "float32")
    assert labels(class_names=["c", "a"], label_mode="categorical") == ([[1.0, 0.0]] * 4 + [[0.0, 1.0]] * 4, "float32")
    assert labels(labels=list(range(12))) == (list(range(12)), "int32")
    only = text_dataset_from_directory(texts, labels=None, verbose=False)
    assert next(iter(only)).shape == (12,)
    assert only.class_names is None


def test_the_two_parts_of_a_split_share_no_file(texts, capsys):
    both = text_dataset_from_directory(texts, validation_split=0.25, subset="both", seed=1)
    assert [len(part.file_paths) for part in both] == [9, 3]
    assert not set(both[0].file_paths) & set(both[1].file_paths)
    alone = text_dataset_from_directory(texts, validation_split=0.25, subset="validation", seed=1)
    assert alone.file_paths == both[1].file_paths
    assert "Using 9 files for training.\nUsing 3 files for validation.\n" in capsys.readouterr().out


def test_long_texts_are_cut_and_texts_are_strings(texts):
    ((batch, _),) = text_dataset_from_directory(texts, max_length=2, shuffle=False, verbose=False)
    assert batch.numpy()[0] == "a1"
    assert batch.dtype == object


def test_images_are_resized_and_keep_their_values(images):
    data = image_dataset_from_directory(images, image_size=(6, 5), shuffle=False, verbose=False, batch_size=4)
    (x, y), (last, _) = data
    assert (x.shape, x.dtype, y.tolist(), len(last)) == ((4, 6, 5, 3), "float32", [0, 0, 0, 1], 2)
    np.testing.assert_allclose(x[:, 0, 0, 0], [10, 11, 12, 200], rtol=1e-6)  # weights that sum to 1 in float32
    for mode, channels in (("grayscale", 1), ("rgba", 4)):
        (x,) = image_dataset_from_directory(images, label_mode=None, color_mode=mode, image_size=3, verbose=False)
        assert x.shape == (6, 3, 3, channels)
    (x,) = image_dataset_from_directory(
        images, label_mode=None, image_size=(6, 5), verbose=False, data_format="channels_first"
    )
    assert x.shape == (6, 3, 6, 5)


def test_aspect_ratios_are_kept_by_cutting_or_padding(images):
    kwargs = {"label_mode": None, "image_size": (8, 8), "shuffle": False, "verbose": False}
    (cut,) = image_dataset_from_directory(images, crop_to_aspect_ratio=True, **kwargs)
    assert cut.min() >= 10
    (padded,) = image_dataset_from_directory(images, pad_to_aspect_ratio=True, **kwargs)
    np.testing.assert_array_equal(padded[0, :2], 0)  # (4, 8) in the middle of (8, 8)
    np.testing.assert_allclose(padded[0, 2:6], 10)


def test_sounds_are_filled_up_to_the_longest_or_to_a_length(sounds):
    (x, y), (_, _) = audio_dataset_from_directory(sounds, shuffle=False, verbose=False, batch_size=3)
    assert (x.shape, y.tolist()) == ((3, 4, 1), [0, 0, 1])
    assert x[0, :, 0].tolist() == [0.5, 0.5, 0, 0]
    ((x, _),) = audio_dataset_from_directory(sounds, shuffle=False, verbose=False, output_sequence_length=3)
    assert x.shape == (4, 3, 1)
    ((x, _),) = audio_dataset_from_directory(sounds, shuffle=False, verbose=False, ragged=True)
    assert [len(sound) for sound in x] == [2, 3, 4, 5]
    both = audio_dataset_from_directory(sounds, verbose=False, validation_split=0.5, subset="both", seed=0)
    assert [len(part.file_paths) for part in both] == [2, 2]


def test_sounds_are_resampled(sounds):
    sound, _ = next(
        iter(audio_dataset_from_directory(sounds, sampling_rate=16000, shuffle=False, batch_size=None, verbose=False))
    )
    assert sound.shape == (4, 1)


def test_wav_files_of_other_depths_are_refused(sounds):
    with wave.open(str(sounds / "no" / "0.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(1)
        file.setframerate(8000)
        file.writeframes(b"12")
    with pytest.raises(ValueError, match="must have 16 bits a sample; got 8"):
        list(audio_dataset_from_directory(sounds, shuffle=False, verbose=False))


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"labels": "other"}, "`labels` argument should be a list/tuple of integer labels"),
        ({"labels": np.zeros(12)}, "`labels` argument should be"),
        ({"labels": [0] * 12, "class_names": ["a"]}, 'only pass `class_names` if `labels="inferred"`'),
        ({"labels": None, "class_names": ["a"]}, "argument `class_names` cannot be specified"),
        ({"labels": [0, 1]}, "`labels` to match the number of files"),
        ({"label_mode": "other"}, "`label_mode` argument must be"),
        ({"label_mode": "binary"}, "there must be exactly 2 class_names"),
        ({"class_names": ["a", "x"]}, "`class_names` passed did not match"),
        ({"validation_split": 2}, "`validation_split` must be between 0 and 1"),
        ({"validation_split": 0.2, "subset": "other"}, '`subset` must be either "training"'),
        ({"validation_split": 0.2}, "`validation_split` must be set, and inversely"),
        ({"validation_split": 0.2, "subset": "training"}, "you must provide a `seed`"),
        ({"validation_split": 0.01, "subset": "validation", "seed": 1}, "No text files found"),
        ({"format": "csv"}, "`format` must be one of 'tf', 'grain'"),
    ],
)
def test_what_is_refused(texts, kwargs, message):
    with pytest.raises(ValueError, match=message):
        text_dataset_from_directory(texts, verbose=False, **kwargs)


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"color_mode": "other"}, "`color_mode` must be one of"),
        ({"image_size": (1, 2, 3)}, "`image_size` must be a tuple of 2 integers"),
        ({"interpolation": "cubic"}, "`interpolation` must be one of .* Did you mean 'bicubic'"),
        ({"crop_to_aspect_ratio": True, "pad_to_aspect_ratio": True}, "Only one of"),
    ],
)
def test_what_images_refuse(images, kwargs, message):
    with pytest.raises(ValueError, match=message):
        image_dataset_from_directory(images, verbose=False, **kwargs)


def test_what_sounds_refuse(sounds):
    with pytest.raises(ValueError, match="Cannot set both `ragged` and `output_sequence_length`"):
        audio_dataset_from_directory(sounds, ragged=True, output_sequence_length=3)
    with pytest.raises(ValueError, match="`sampling_rate` should have an integer value"):
        audio_dataset_from_directory(sounds, sampling_rate=1.5)
    with pytest.raises(ValueError, match="`sampling_rate` must be a positive integer"):
        audio_dataset_from_directory(sounds, sampling_rate=0)
    with pytest.raises(ValueError, match="No images found in directory"):
        image_dataset_from_directory(sounds, verbose=False)
