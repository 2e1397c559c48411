"""DataFrameIterator: what `ImageDataGenerator.flow_from_dataframe` gives."""

from __future__ import annotations

import os
import warnings
from typing import Any

import numpy as np

from jaxnn.core import check
from jaxnn.preprocessing.file_iterator import FileIterator, has_image_ending
from jaxnn.utils.printing import print_line

_WHO = "DataFrameIterator"
_WITHOUT_CLASSES = ("input", "multi_output", "raw", None)


class DataFrameIterator(FileIterator):
    """Batches of augmented images whose files and labels stand in a pandas table.

    Args:
        dataframe: the table, a row an image.
        directory: what the paths in the table start from; None: they are whole.
        image_data_generator: what augments, or None.
        x_col: the column of the paths.
        y_col: the column of the labels, or a list of columns.
        weight_col: the column of the weights, or None.
        target_size, color_mode, data_format: see `FileIterator`.
        save_to_dir, save_prefix, save_format, subset, interpolation, keep_aspect_ratio: likewise.
        classes: the classes to take, in the order of their numbers; None means all, sorted.
        class_mode: "categorical" (one-hot; a row may have a list of classes), "binary" or "sparse" (numbers), "raw" (as they
            are), "multi_output" (an array a column), "input" (the images themselves) or None.
        batch_size, shuffle, seed: see `Iterator`.
        dtype: of the images.
        validate_filenames: leaves out rows whose file isn't there or isn't an image.

    Attributes:
        class_indices: each class's number.
        classes: each image's class number, or list of them.
        filenames, filepaths: each image's path in the table, and its whole path.
        samples: how many there are.

    Raises:
        TypeError: for columns of other kinds than the mode needs.
        ValueError: for unknown modes, or if "binary" finds other than two classes.

    Example: `next(DataFrameIterator(table, "images", ImageDataGenerator(), x_col="file", y_col="kind"))`

    Source: Keras 2's `keras.preprocessing.image.DataFrameIterator`
    """

    allowed_class_modes = ("binary", "categorical", "input", "multi_output", "raw", "sparse", None)

    def __init__(
        self,
        dataframe: Any,
        directory: str | None = None,
        image_data_generator: Any = None,
        x_col: str = "filename",
        y_col: Any = "class",
        weight_col: str | None = None,
        target_size: tuple[int, int] = (256, 256),
        color_mode: str = "rgb",
        classes: list[str] | None = None,
        class_mode: str | None = "categorical",
        batch_size: int = 32,
        shuffle: bool = True,
        seed: int | None = None,
        data_format: str = "channels_last",
        save_to_dir: str | None = None,
        save_prefix: str = "",
        save_format: str = "png",
        subset: str | None = None,
        interpolation: str = "nearest",
        keep_aspect_ratio: bool = False,
        dtype: Any = "float32",
        validate_filenames: bool = True,
    ):
        self.set_processing_attrs(
            image_data_generator,
            target_size,
            color_mode,
            data_format,
            save_to_dir,
            save_prefix,
            save_format,
            subset,
            interpolation,
            keep_aspect_ratio,
        )
        self.directory = directory or ""
        self.class_mode = check.one_of(_WHO, "class_mode", class_mode, self.allowed_class_modes)
        self.dtype = dtype
        _check_columns(dataframe, x_col, y_col, weight_col, classes, class_mode)
        table = self._with_files(dataframe, x_col) if validate_filenames else dataframe
        if class_mode not in _WITHOUT_CLASSES:
            table, classes = _with_classes(table, y_col, classes)
            self.class_indices = {name: i for i, name in enumerate(classes)}
        table = self._part(table)
        self.filenames = table[x_col].tolist()
        self.filepaths = [os.path.join(self.directory, name) for name in self.filenames]
        self.samples = len(self.filenames)
        self.sample_weight = table[weight_col].to_numpy() if weight_col else None
        self._set_labels(table, y_col)
        of_classes = "" if class_mode in _WITHOUT_CLASSES else f" belonging to {len(self.class_indices)} classes"
        checked = "validated" if validate_filenames else "non-validated"
        print_line(f"Found {self.samples} {checked} image filenames{of_classes}.")
        super().__init__(self.samples, batch_size, shuffle, seed)

    def _with_files(self, table: Any, x_col: str) -> Any:
        paths = (os.path.join(self.directory, name) for name in table[x_col])
        valid = np.array([has_image_ending(path) and os.path.isfile(path) for path in paths], bool)
        if not valid.all():
            warnings.warn(
                f'{_WHO}: Found {(~valid).sum()} invalid image filename(s) in x_col="{x_col}". These filename(s) will be '
                "ignored.",
                stacklevel=4,
            )
        return table[valid]

    def _set_labels(self, table: Any, y_col: Any) -> None:
        if self.class_mode == "multi_output":
            self.labels = [np.array(table[column].tolist()) for column in y_col]
        elif self.class_mode == "raw":
            self.labels = table[y_col].to_numpy()
        elif self.class_mode not in _WITHOUT_CLASSES:
            number = self.class_indices
            self.classes = self.labels = [
                [number[name] for name in label] if isinstance(label, list | tuple) else number[label]
                for label in table[y_col]
            ]


def _check_columns(table: Any, x_col: str, y_col: Any, weight_col: Any, classes: Any, class_mode: str | None) -> None:
    if class_mode == "multi_output" and not isinstance(y_col, list):
        raise TypeError(f'{_WHO}: If class_mode="multi_output", y_col must be a list; got {type(y_col).__name__}.')
    if not all(isinstance(name, str) for name in table[x_col]):
        raise TypeError(f"{_WHO}: All values in column x_col={x_col} must be strings: the files' paths.")
    if class_mode in ("binary", "sparse") and not all(isinstance(label, str) for label in table[y_col]):
        raise TypeError(
            f'{_WHO}: If class_mode="{class_mode}", y_col="{y_col}" column values must be strings. Use class_mode="raw" for '
            "numbers, or convert them: .astype(str)."
        )
    if class_mode == "binary":
        n = len(set(classes)) if classes else table[y_col].nunique()
        if n != 2:
            raise ValueError(f'{_WHO}: If class_mode="binary" there must be 2 classes; got {n}. Use "sparse" for more.')
    if class_mode == "categorical" and not all(isinstance(label, str | list | tuple) for label in table[y_col]):
        raise TypeError(
            f'{_WHO}: If class_mode="categorical", y_col="{y_col}" column values must be type string, list or tuple. Convert '
            "numbers: .astype(str)."
        )
    if classes and class_mode in _WITHOUT_CLASSES:
        warnings.warn(f'{_WHO}: `classes` will be ignored given the class_mode="{class_mode}".', stacklevel=4)
    if weight_col and table[weight_col].dtype.kind not in "fiu":
        raise TypeError(f"{_WHO}: Column weight_col={weight_col} must be numeric.")


def _with_classes(table: Any, y_col: str, wanted: list[str] | None) -> tuple[Any, list[str]]:
    """The rows that have a class, with their classes among the wanted ones; and the classes in order."""
    if not wanted:
        found = {name for label in table[y_col] for name in (label if isinstance(label, list | tuple) else [label])}
        return table.dropna(subset=[y_col]), sorted(found)
    wanted = list(dict.fromkeys(wanted))

    def keep(label: Any) -> Any:
        if isinstance(label, list | tuple):
            return [name for name in label if name in wanted] or None
        return label if label in wanted else None

    table = table.assign(**{y_col: [keep(label) for label in table[y_col]]})
    return table.dropna(subset=[y_col]), wanted
