"""Files in folders as a dataset: which there are, their classes, their order and split, as Keras has them."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from jaxnn.utils.dataset import Dataset
from jaxnn.utils.printing import print_line


class Kind(NamedTuple):
    """What the files are."""

    who: str  # the public function, for messages
    noun: str  # of an element: "images"
    formats: tuple[str, ...]  # endings in lower case


class Files(NamedTuple):
    """Paths, with a class number each or None."""

    paths: list[str]
    labels: Any
    class_names: list[str] | None


def dataset_from_directory(
    kind: Kind,
    directory: str | os.PathLike,
    *,
    read: Callable[[str], Any],
    batch: Callable[[Dataset, int], Dataset] = Dataset.batch,
    labels: Any,
    label_mode: str | None,
    class_names: Sequence[str] | None,
    batch_size: int | None,
    shuffle: bool,
    reshuffle: bool = True,
    seed: int | None,
    validation_split: float | None,
    subset: str | None,
    follow_links: bool,
    verbose: bool,
) -> Any:
    """The dataset of a folder, or the list [training, validation] for subset="both".

    Args:
        kind: what the files are.
        directory: where they are.
        read: gives a file's array by its path; called by several threads.
        batch: how elements become batches.
        reshuffle: whether each pass has its own order.
        labels, label_mode, class_names, batch_size, shuffle, seed, validation_split, subset, follow_links, verbose: see
            `image_dataset_from_directory`.
    """
    directory = os.fspath(directory)
    check_labels(kind, labels, label_mode, class_names)
    check_split(kind, validation_split, subset, shuffle, seed)
    labels = None if label_mode is None else labels
    label_mode = None if labels is None else label_mode
    seed = int(np.random.randint(1e6)) if seed is None else seed  # drawn even if unused, as in Keras
    files = index_directory(kind, directory, labels, class_names, shuffle, seed, follow_links, verbose)
    if label_mode == "binary" and len(files.class_names or ()) != 2:
        raise ValueError(
            f'{kind.who}: When passing `label_mode="binary"`, there must be exactly 2 class_names; got '
            f'class_names={files.class_names}. Use label_mode="int" or "categorical" for more.'
        )

    def dataset(part: str | None, shuffled: bool) -> Dataset:
        chosen = split(files, validation_split, part)
        if not chosen.paths:
            which = f"{part} " if subset == "both" else ""
            raise ValueError(
                f"{kind.who}: No {which}{kind.noun} found in directory {directory}. Allowed formats: {kind.formats}. "
                "Check the path, and that the classes are folders in it."
            )
        result = _dataset(
            chosen, label_mode, read, _Mixing(8 * (batch_size or 128), seed, reshuffle) if shuffled else None
        )
        result = result if batch_size is None else batch(result, batch_size)
        result.class_names, result.file_paths = files.class_names, chosen.paths
        return result

    if subset == "both":
        return [dataset("training", shuffle), dataset("validation", False)]
    return dataset(subset, shuffle)


def check_labels(kind: Kind, labels: Any, label_mode: str | None, class_names: Sequence[str] | None) -> None:
    """Raises ValueError for labels, modes and names that don't go together."""
    given = isinstance(labels, list | tuple)
    if not given and labels is not None and not (isinstance(labels, str) and labels == "inferred"):
        raise ValueError(
            f"{kind.who}: `labels` argument should be a list/tuple of integer labels, one a file; got labels={labels!r}. "
            'Pass labels="inferred" for the names of the folders, labels=None for none.'
        )
    if given and class_names:
        raise ValueError(
            f'{kind.who}: You can only pass `class_names` if `labels="inferred"`; got class_names={class_names} and a list '
            "of labels. Leave one of them out."
        )
    if label_mode not in ("int", "categorical", "binary", None):
        raise ValueError(
            f'{kind.who}: `label_mode` argument must be one of "int", "categorical", "binary", or None; got '
            f'label_mode={label_mode!r}. "int" goes with sparse_categorical_crossentropy.'
        )


def check_split(
    kind: Kind, validation_split: float | None, subset: str | None, shuffle: bool, seed: int | None
) -> None:
    """Raises ValueError for a split that isn't one, or that couldn't be repeated."""
    if validation_split and not 0 < validation_split < 1:
        raise ValueError(
            f"{kind.who}: `validation_split` must be between 0 and 1; got {validation_split}. Pass 0.2, say."
        )
    if bool(validation_split) != bool(subset):
        raise ValueError(
            f"{kind.who}: If `subset` is set, `validation_split` must be set, and inversely; got "
            f"validation_split={validation_split}, subset={subset!r}."
        )
    if subset not in ("training", "validation", "both", None):
        raise ValueError(
            f'{kind.who}: `subset` must be either "training", "validation" or "both"; got {subset!r}. "both" gives the two '
            "datasets at once."
        )
    if validation_split and shuffle and seed is None:
        raise ValueError(
            f"{kind.who}: If using `validation_split` and shuffling the data, you must provide a `seed` argument, to make "
            "sure that there is no overlap between the training and validation subset."
        )


def index_directory(
    kind: Kind,
    directory: str,
    labels: Any,
    class_names: Sequence[str] | None,
    shuffle: bool,
    seed: int,
    follow_links: bool,
    verbose: bool,
) -> Files:
    """All files of a kind below a folder, class by class, sorted by folder and name, then shuffled."""
    if labels != "inferred":
        if class_names is not None:
            raise ValueError(
                f"{kind.who}: When `labels=None` (no labels), argument `class_names` cannot be specified. Leave it out."
            )
        paths = _files_below(directory, "", kind.formats, follow_links)
        names = None if labels is None else [str(label) for label in sorted(set(labels))]
        if labels is not None and len(labels) != len(paths):
            raise ValueError(
                f"{kind.who}: Expected the lengths of `labels` to match the number of files in the target directory; got "
                f"{len(labels)} labels and {len(paths)} files in {directory}. Labels go by the sorted paths."
            )
        labels = None if labels is None else list(labels)
    else:
        names = _class_names(kind, directory, class_names)
        found = [_files_below(directory, name, kind.formats, follow_links) for name in names]
        paths = [path for group in found for path in group]
        labels = np.repeat(np.arange(len(names), dtype="int32"), [len(group) for group in found])
    if verbose:
        print_line(
            f"Found {len(paths)} files."
            if names is None
            else f"Found {len(paths)} files belonging to {len(names)} classes."
        )
    if shuffle:
        np.random.RandomState(seed).shuffle(paths)
        if labels is not None:
            np.random.RandomState(seed).shuffle(labels)
    return Files(paths, labels, names)


def split(files: Files, validation_split: float | None, subset: str | None) -> Files:
    """The files of a subset: the last ones are for validation."""
    if not validation_split:
        return files
    first = len(files.paths) - int(validation_split * len(files.paths))
    part = slice(None, first) if subset == "training" else slice(first, None)
    print_line(f"Using {len(files.paths[part])} files for {subset}.")
    return Files(files.paths[part], None if files.labels is None else files.labels[part], files.class_names)


def _class_names(kind: Kind, directory: str, wanted: Sequence[str] | None) -> list[str]:
    """The folders in a folder, sorted, but the hidden ones; or those that are wanted, in that order."""
    found = sorted(e.name for e in os.scandir(directory) if e.is_dir() and not e.name.startswith("."))
    if wanted is None:
        return found
    if not set(wanted) <= set(found):
        raise ValueError(
            f"{kind.who}: The `class_names` passed did not match the names of the subdirectories of the target directory; "
            f"expected {found} (or a subset of it), got class_names={list(wanted)}."
        )
    return list(wanted)


def _files_below(directory: str, folder: str, formats: tuple[str, ...], follow_links: bool) -> list[str]:
    """The paths of all files of these formats in a folder of the directory and below, by folder, then by name."""
    top = os.path.join(directory, folder)
    walk = sorted(os.walk(top, followlinks=follow_links), key=lambda step: step[0])
    return [
        os.path.join(directory, folder, os.path.relpath(os.path.join(root, name), top))
        for root, _, names in walk
        for name in sorted(names)
        if name.lower().endswith(formats)
    ]


class _Mixing(NamedTuple):
    """How `Dataset.shuffle` is called."""

    buffer_size: int
    seed: int
    reshuffle_each_iteration: bool


def _dataset(files: Files, label_mode: str | None, read: Callable, mixing: _Mixing | None) -> Dataset:
    """Pairs of what was read and its label, or the former alone. Paths are shuffled before anything is read."""
    if label_mode is None:
        sources = Dataset(lambda: iter(files.paths), len(files.paths))
    else:
        labels = encode_labels(files.labels, label_mode, len(files.class_names or ()))
        sources = Dataset(lambda: zip(files.paths, labels, strict=True), len(files.paths))
    sources = sources if mixing is None else sources.shuffle(*mixing)
    return sources.map(lambda path, *label: (read(path), *label) if label else read(path), num_parallel_calls=_THREADS)


_THREADS = min(8, os.cpu_count() or 1)  # decoding leaves Python's lock


def encode_labels(labels: Any, label_mode: str, num_classes: int) -> np.ndarray:
    """Labels as a model wants them: `(n,)` int32, `(n, 1)` float32 of 0 and 1, or one-hot `(n, classes)` float32."""
    labels = np.asarray(labels, "int32")
    if label_mode == "binary":
        return labels[:, None].astype("float32")
    if label_mode == "categorical":
        return (labels[:, None] == np.arange(num_classes)).astype("float32")
    return labels
