"""text_dataset_from_directory: a folder of texts as batches."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from jaxnn.core import check, registry
from jaxnn.utils.directory import Kind, dataset_from_directory

_TEXTS = Kind("text_dataset_from_directory", "text files", (".txt",))


@registry.export("utils")
def text_dataset_from_directory(
    directory: str | os.PathLike,
    labels: Any = "inferred",
    label_mode: str | None = "int",
    class_names: Sequence[str] | None = None,
    batch_size: int | None = 32,
    max_length: int | None = None,
    shuffle: bool = True,
    seed: int | None = None,
    validation_split: float | None = None,
    subset: str | None = None,
    follow_links: bool = False,
    format: str = "tf",
    verbose: bool = True,
) -> Any:
    """Batches of texts from a folder that has a folder a class: `pos/1.txt`, `pos/2.txt`, `neg/1.txt`.

    The same files in the same order and the same splits as Keras's `tf.data` pipeline with the same seed, without TensorFlow.

    Args:
        directory: where the `.txt` files are, in UTF-8; bytes that aren't become U+FFFD.
        labels: "inferred": by the folders. None: none. A list: one whole number a file, in the order of the sorted paths.
        label_mode: "int", "categorical" (one-hot), "binary" (0.0 and 1.0 for two classes) or None for texts only.
        class_names: the folders to take, in the order of their numbers; None means all, sorted.
        batch_size: None gives single texts.
        max_length: characters after which a text is cut off; None keeps all.
        shuffle: whether the files are mixed, once by `seed` and again as `format` says; else they are sorted.
        seed: a whole number; None draws one from NumPy's global stream.
        validation_split: the share of the files, from 0 to 1, that is kept for validation.
        subset: "training", "validation", or "both" for a list of the two.
        follow_links: whether folders are entered through symbolic links.
        format: "tf" mixes each pass anew, "grain" has one order for all, as in Keras; both give a `Dataset`.
        verbose: whether the numbers of files and classes are printed.

    Returns:
        A `Dataset` with `class_names` and `file_paths`. Batches are arrays of strings (dtype object), and with labels pairs of
        texts and labels: int32 `(batch,)`, or float32 `(batch, classes)` or `(batch, 1)`.

    Raises:
        ValueError: for arguments that don't go together, or if there are no texts.

    Example: `train = text_dataset_from_directory("reviews/train", batch_size=8, validation_split=0.2, subset="training", seed=1)`

    Source: https://keras.io/api/data_loading/text/#textdatasetfromdirectory-function; Keras gives bytes instead of strings
    where TensorFlow reads the files.
    """
    check.one_of(_TEXTS.who, "format", format, ("tf", "grain"))

    def read(path: str) -> str:
        with open(path, encoding="utf-8", errors="replace", newline="") as file:  # as it is: TensorFlow keeps line ends
            return file.read() if max_length is None else file.read(max_length)

    return dataset_from_directory(
        _TEXTS,
        directory,
        read=read,
        labels=labels,
        label_mode=label_mode,
        class_names=class_names,
        batch_size=batch_size,
        shuffle=shuffle,
        reshuffle=format == "tf",
        seed=seed,
        validation_split=validation_split,
        subset=subset,
        follow_links=follow_links,
        verbose=verbose,
    )
