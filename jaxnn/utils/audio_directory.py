"""audio_dataset_from_directory: a folder of sounds as batches."""

from __future__ import annotations

import math
import os
import wave
from collections.abc import Sequence
from typing import Any

import numpy as np

from jaxnn.core import check, registry
from jaxnn.utils.dataset import Dataset
from jaxnn.utils.directory import Kind, dataset_from_directory
from jaxnn.utils.extras import required

_SOUNDS = Kind("audio_dataset_from_directory", "audio files", (".wav",))


@registry.export("utils")
def audio_dataset_from_directory(
    directory: str | os.PathLike,
    labels: Any = "inferred",
    label_mode: str | None = "int",
    class_names: Sequence[str] | None = None,
    batch_size: int | None = 32,
    sampling_rate: int | None = None,
    output_sequence_length: int | None = None,
    ragged: bool = False,
    shuffle: bool = True,
    seed: int | None = None,
    validation_split: float | None = None,
    subset: str | None = None,
    follow_links: bool = False,
    verbose: bool = True,
) -> Any:
    """Batches of sounds from a folder that has a folder a class: `yes/1.wav`, `yes/2.wav`, `no/1.wav`.

    The same files in the same order and the same splits as Keras's `tf.data` pipeline with the same seed, without TensorFlow.

    Args:
        directory: where the `.wav` files are, of 16 bits a sample.
        labels: "inferred": by the folders. None: none. A list: one whole number a file, in the order of the sorted paths.
        label_mode: "int", "categorical" (one-hot), "binary" (0.0 and 1.0 for two classes) or None for sounds only.
        class_names: the folders to take, in the order of their numbers; None means all, sorted.
        batch_size: None gives single sounds.
        sampling_rate: samples a second that files of other rates are resampled to, by SciPy (`pip install jaxnn[images]`);
            None keeps each as it is.
        output_sequence_length: samples that every sound is cut or filled up to with zeros. None fills a batch's sounds up to
            its longest.
        ragged: whether a batch is an array of arrays (dtype object), each in its own length.
        shuffle: whether the files are mixed, once by `seed` and again in each pass; else they are sorted.
        seed: a whole number; None draws one from NumPy's global stream.
        validation_split: the share of the files, from 0 to 1, that is kept for validation.
        subset: "training", "validation", or "both" for a list of the two.
        follow_links: whether folders are entered through symbolic links.
        verbose: whether the numbers of files and classes are printed.

    Returns:
        A `Dataset` with `class_names` and `file_paths`. Batches are float32 arrays `(batch, samples, channels)` from -1 to 1,
        and with labels pairs of sounds and labels: int32 `(batch,)`, or float32 `(batch, classes)` or `(batch, 1)`.

    Raises:
        ValueError: for arguments that don't go together, if there are no sounds, or for a file of other than 16 bits.
        ImportError: without SciPy, when the first sound is resampled.

    Example: `train, validation = audio_dataset_from_directory("words", output_sequence_length=16000, seed=0,
    validation_split=0.2, subset="both")`

    Source: https://keras.io/api/data_loading/audio/#audiodatasetfromdirectory-function
    """
    if ragged and output_sequence_length is not None:
        raise ValueError(
            f"{_SOUNDS.who}: Cannot set both `ragged` and `output_sequence_length`. Ragged sounds keep their lengths."
        )
    if sampling_rate is not None and not isinstance(sampling_rate, int):
        raise ValueError(f"{_SOUNDS.who}: `sampling_rate` should have an integer value; got {sampling_rate!r}.")
    if sampling_rate is not None:
        check.positive_int(_SOUNDS.who, "sampling_rate", sampling_rate)

    def read(path: str) -> np.ndarray:
        sound, rate = read_wav(path)
        return _fitted(sound if sampling_rate is None else resample(sound, rate, sampling_rate), output_sequence_length)

    batches = Dataset.padded_batch if output_sequence_length is None else Dataset.batch
    result = dataset_from_directory(
        _SOUNDS,
        directory,
        read=read,
        batch=_ragged_batches if ragged else batches,
        labels=labels,
        label_mode=label_mode,
        class_names=class_names,
        batch_size=batch_size,
        shuffle=shuffle,
        seed=seed,
        validation_split=validation_split,
        subset=subset,
        follow_links=follow_links,
        verbose=verbose,
    )
    return tuple(result) if subset == "both" else result


def read_wav(path: str) -> tuple[np.ndarray, int]:
    """The samples of a WAV file, `(samples, channels)` from -1 to 1, and how many there are a second."""
    with wave.open(path, "rb") as file:
        if file.getsampwidth() != 2:
            raise ValueError(
                f"{_SOUNDS.who}: WAV files must have 16 bits a sample; got {8 * file.getsampwidth()} in {path}. Convert it: "
                "ffmpeg -i in.wav -c:a pcm_s16le out.wav."
            )
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        return samples.reshape(-1, file.getnchannels()).astype("float32") / 32768, file.getframerate()


def resample(sound: np.ndarray, rate: int, wanted: int) -> np.ndarray:
    """A sound at another rate, by a polyphase low-pass filter."""
    if rate == wanted:
        return sound
    resample_poly = required("scipy.signal", f"{_SOUNDS.who}(sampling_rate=...)").resample_poly
    common = math.gcd(rate, wanted)
    return resample_poly(sound, wanted // common, rate // common, axis=0).astype("float32")


def _fitted(sound: np.ndarray, length: int | None) -> np.ndarray:
    if length is None:
        return sound
    return np.pad(sound[:length], ((0, max(length - len(sound), 0)), (0, 0)))


def _ragged_batches(sounds: Dataset, batch_size: int) -> Dataset:
    """Batches whose sounds stand in an object array."""
    wrapped = sounds.map(lambda *parts: (_boxed(parts[0]), *parts[1:]) if len(parts) > 1 else _boxed(parts[0]))
    return wrapped.batch(batch_size)


def _boxed(sound: np.ndarray) -> np.ndarray:
    box = np.empty((), object)
    box[()] = sound
    return box
