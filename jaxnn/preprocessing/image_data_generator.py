"""ImageDataGenerator: endless augmented batches of images, as in Keras 2."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from jaxnn.core import config
from jaxnn.preprocessing.affine import apply_affine_transform
from jaxnn.preprocessing.array_iterator import NumpyArrayIterator, check_images
from jaxnn.preprocessing.colour import apply_brightness_shift, apply_channel_shift
from jaxnn.preprocessing.dataframe_iterator import DataFrameIterator
from jaxnn.preprocessing.directory_iterator import DirectoryIterator

_WHO = "ImageDataGenerator"


class ImageDataGenerator:
    """Augments images on the host, one by one: each epoch sees other ones. All draws are NumPy's global stream's.

    Today's random layers (`RandomFlip`, `RandomRotation`, ...) do the same inside the compiled step, in a fraction of the time.

    Args:
        featurewise_center, featurewise_std_normalization: subtract the mean of all data a channel, and divide by the
            deviation. `fit` learns them.
        samplewise_center, samplewise_std_normalization: the same with each image's own, over all channels.
        zca_whitening: rotates images so that their pixels are uncorrelated. `fit` learns how; for small images.
        zca_epsilon: is added to the singular values.
        rotation_range: largest angle, in degrees.
        width_shift_range, height_shift_range: largest shift: a share of the image below 1, pixels from 1 on, or a list of the
            pixels to choose from.
        brightness_range: lowest and highest brightness; 1 changes nothing.
        shear_range: largest angle, in degrees.
        zoom_range: lowest and highest factor, drawn for height and width apart; a number z means (1 - z, 1 + z).
        channel_shift_range: the largest number that is added to all values.
        fill_mode, cval: what stands outside the image: "nearest", "reflect", "wrap", or "constant" with its value.
        horizontal_flip, vertical_flip: mirror half of the images.
        rescale: a factor for all values, 1 / 255 say.
        preprocessing_function: a function of one augmented image.
        data_format: "channels_last", "channels_first", or None for the global one.
        validation_split: the share of the data, from 0 to 1, that `subset="validation"` gives: the first ones.
        interpolation_order: of the splines that rotate, shift, shear and zoom; 1 is bilinear.
        dtype: of the images; None means `floatx()`.

    Raises:
        ValueError: for ranges that aren't two numbers, or a split that isn't a share.

    Warns:
        UserWarning: where one normalisation brings another with it.

    Example: `model.fit(ImageDataGenerator(rotation_range=20, horizontal_flip=True).flow(x, y, batch_size=32), epochs=10)`

    Source: Keras 2's `keras.preprocessing.image.ImageDataGenerator`
    """

    def __init__(
        self,
        featurewise_center: bool = False,
        samplewise_center: bool = False,
        featurewise_std_normalization: bool = False,
        samplewise_std_normalization: bool = False,
        zca_whitening: bool = False,
        zca_epsilon: float = 1e-6,
        rotation_range: float = 0,
        width_shift_range: Any = 0.0,
        height_shift_range: Any = 0.0,
        brightness_range: tuple[float, float] | None = None,
        shear_range: float = 0.0,
        zoom_range: Any = 0.0,
        channel_shift_range: float = 0.0,
        fill_mode: str = "nearest",
        cval: float = 0.0,
        horizontal_flip: bool = False,
        vertical_flip: bool = False,
        rescale: float | None = None,
        preprocessing_function: Callable[[np.ndarray], np.ndarray] | None = None,
        data_format: str | None = None,
        validation_split: float = 0.0,
        interpolation_order: int = 1,
        dtype: Any = None,
    ):
        if validation_split and not 0 < validation_split < 1:
            raise ValueError(
                f"{_WHO}: `validation_split` must be strictly between 0 and 1; got {validation_split}. Pass 0.2."
            )
        if brightness_range is not None and not (
            isinstance(brightness_range, list | tuple) and len(brightness_range) == 2
        ):
            raise ValueError(
                f"{_WHO}: `brightness_range` should be tuple or list of two floats; got {brightness_range}."
            )
        self.featurewise_center = featurewise_center
        self.samplewise_center = samplewise_center
        self.featurewise_std_normalization = featurewise_std_normalization
        self.samplewise_std_normalization = samplewise_std_normalization
        self.zca_whitening = zca_whitening
        self.zca_epsilon = zca_epsilon
        self.rotation_range = rotation_range
        self.width_shift_range = width_shift_range
        self.height_shift_range = height_shift_range
        self.brightness_range = brightness_range
        self.shear_range = shear_range
        self.zoom_range = _zoom_range(zoom_range)
        self.channel_shift_range = channel_shift_range
        self.fill_mode = fill_mode
        self.cval = cval
        self.horizontal_flip = horizontal_flip
        self.vertical_flip = vertical_flip
        self.rescale = rescale
        self.preprocessing_function = preprocessing_function
        self.data_format = config.standardize_data_format(data_format)
        self._validation_split = validation_split
        self.interpolation_order = interpolation_order
        self.dtype = dtype or config.floatx()
        first = self.data_format == "channels_first"
        self.channel_axis, self.row_axis, self.col_axis = (1, 2, 3) if first else (3, 1, 2)  # of a batch
        self.mean: np.ndarray | None = None
        self.std: np.ndarray | None = None
        self.zca_whitening_matrix: np.ndarray | None = None
        self._settle_normalisation()

    def _settle_normalisation(self) -> None:
        """Whitening centres and doesn't scale; what scales centres."""
        if self.zca_whitening and not self.featurewise_center:
            self.featurewise_center = _overridden("zca_whitening", "featurewise_center", True)
        if self.zca_whitening and self.featurewise_std_normalization:
            self.featurewise_std_normalization = _overridden("zca_whitening", "featurewise_std_normalization", False)
        if self.featurewise_std_normalization and not self.featurewise_center:
            self.featurewise_center = _overridden("featurewise_std_normalization", "featurewise_center", True)
        if self.samplewise_std_normalization and not self.samplewise_center:
            self.samplewise_center = _overridden("samplewise_std_normalization", "samplewise_center", True)

    def flow(
        self,
        x: Any,
        y: Any = None,
        batch_size: int = 32,
        shuffle: bool = True,
        sample_weight: Any = None,
        seed: int | None = None,
        save_to_dir: str | None = None,
        save_prefix: str = "",
        save_format: str = "png",
        ignore_class_split: bool = False,
        subset: str | None = None,
    ) -> NumpyArrayIterator:
        """Augmented batches of an array of images; see `NumpyArrayIterator`."""
        return NumpyArrayIterator(
            x,
            y,
            self,
            batch_size=batch_size,
            shuffle=shuffle,
            sample_weight=sample_weight,
            seed=seed,
            data_format=self.data_format,
            save_to_dir=save_to_dir,
            save_prefix=save_prefix,
            save_format=save_format,
            subset=subset,
            ignore_class_split=ignore_class_split,
            dtype=self.dtype,
        )

    def flow_from_directory(
        self,
        directory: str,
        target_size: tuple[int, int] = (256, 256),
        color_mode: str = "rgb",
        classes: list[str] | None = None,
        class_mode: str | None = "categorical",
        batch_size: int = 32,
        shuffle: bool = True,
        seed: int | None = None,
        save_to_dir: str | None = None,
        save_prefix: str = "",
        save_format: str = "png",
        follow_links: bool = False,
        subset: str | None = None,
        interpolation: str = "nearest",
        keep_aspect_ratio: bool = False,
    ) -> DirectoryIterator:
        """Augmented batches of the images in a folder that has a folder a class; see `DirectoryIterator`."""
        return DirectoryIterator(
            directory,
            self,
            target_size=target_size,
            color_mode=color_mode,
            classes=classes,
            class_mode=class_mode,
            batch_size=batch_size,
            shuffle=shuffle,
            seed=seed,
            data_format=self.data_format,
            save_to_dir=save_to_dir,
            save_prefix=save_prefix,
            save_format=save_format,
            follow_links=follow_links,
            subset=subset,
            interpolation=interpolation,
            keep_aspect_ratio=keep_aspect_ratio,
            dtype=self.dtype,
        )

    def flow_from_dataframe(
        self,
        dataframe: Any,
        directory: str | None = None,
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
        save_to_dir: str | None = None,
        save_prefix: str = "",
        save_format: str = "png",
        subset: str | None = None,
        interpolation: str = "nearest",
        validate_filenames: bool = True,
        **kwargs: Any,
    ) -> DataFrameIterator:
        """Augmented batches of the images in a pandas table; see `DataFrameIterator`.

        `class_mode="other"` and `has_ext`, `sort`, `drop_duplicates` of older versions raise a DeprecationWarning; of these only
        the first does something: it means "raw".
        """
        for name in [*kwargs, *(["class_mode='other'"] if class_mode == "other" else [])]:
            if name not in _DEPRECATED:
                raise TypeError(f"flow_from_dataframe() got an unexpected keyword argument '{name}'.")
            warnings.warn(f"{_WHO}: {name} is deprecated: {_DEPRECATED[name]}", DeprecationWarning, stacklevel=2)
        return DataFrameIterator(
            dataframe,
            directory,
            self,
            x_col=x_col,
            y_col=y_col,
            weight_col=weight_col,
            target_size=target_size,
            color_mode=color_mode,
            classes=classes,
            class_mode="raw" if class_mode == "other" else class_mode,
            batch_size=batch_size,
            shuffle=shuffle,
            seed=seed,
            data_format=self.data_format,
            save_to_dir=save_to_dir,
            save_prefix=save_prefix,
            save_format=save_format,
            subset=subset,
            interpolation=interpolation,
            dtype=self.dtype,
            validate_filenames=validate_filenames,
        )

    def augment(self, x: np.ndarray) -> np.ndarray:
        """One image, transformed at random and standardised: what a batch is made of."""
        return self.standardize(self.random_transform(x))

    def standardize(self, x: np.ndarray) -> np.ndarray:
        """Images, normalised as configured. As in Keras `x` itself is changed: copy it before, if it is still needed.

        Warns:
            UserWarning: for what `fit` should have learned first.
        """
        if self.preprocessing_function:
            x = self.preprocessing_function(x)
        if self.rescale:
            x *= self.rescale
        if self.samplewise_center:
            x -= np.mean(x, keepdims=True)
        if self.samplewise_std_normalization:
            x /= np.std(x, keepdims=True) + 1e-6
        if self.featurewise_center and _fitted(self.mean, "featurewise_center"):
            x -= self.mean
        if self.featurewise_std_normalization and _fitted(self.std, "featurewise_std_normalization"):
            x /= self.std + 1e-6  # type: ignore[operator]
        if self.zca_whitening and _fitted(self.zca_whitening_matrix, "zca_whitening"):
            flat = x.reshape(-1, np.prod(x.shape[-3:]))
            x = (flat @ self.zca_whitening_matrix).reshape(x.shape)  # type: ignore[operator]
        return x

    def get_random_transform(self, img_shape: tuple[int, ...], seed: int | None = None) -> dict[str, Any]:
        """What to do to one image, drawn from NumPy's global stream in Keras's order.

        Args:
            img_shape: of the image.
            seed: the stream is set to it before; None leaves it alone.

        Returns:
            `theta` (degrees), `tx`, `ty` (pixels along height and width), `shear` (degrees), `zx`, `zy` (factors for height and
            width), `flip_horizontal`, `flip_vertical`, `channel_shift_intensity`, `brightness`.
        """
        if seed is not None:
            np.random.seed(seed)
        uniform = np.random.uniform
        theta = uniform(-self.rotation_range, self.rotation_range) if self.rotation_range else 0
        tx = _shift(self.height_shift_range, img_shape[self.row_axis - 1])
        ty = _shift(self.width_shift_range, img_shape[self.col_axis - 1])
        shear = uniform(-self.shear_range, self.shear_range) if self.shear_range else 0
        zx, zy = (1, 1) if self.zoom_range == [1, 1] else uniform(*self.zoom_range, 2)
        flip_horizontal = (np.random.random() < 0.5) * self.horizontal_flip
        flip_vertical = (np.random.random() < 0.5) * self.vertical_flip
        shift = self.channel_shift_range
        return {
            "theta": theta,
            "tx": tx,
            "ty": ty,
            "shear": shear,
            "zx": zx,
            "zy": zy,
            "flip_horizontal": flip_horizontal,
            "flip_vertical": flip_vertical,
            "channel_shift_intensity": uniform(-shift, shift) if shift != 0 else None,
            "brightness": None if self.brightness_range is None else uniform(*self.brightness_range),
        }

    def apply_transform(self, x: np.ndarray, transform_parameters: dict[str, Any]) -> np.ndarray:
        """One image, transformed as `get_random_transform` describes it. What is left out does nothing."""
        todo = transform_parameters
        rows, columns, channels = self.row_axis - 1, self.col_axis - 1, self.channel_axis - 1
        x = apply_affine_transform(
            x,
            todo.get("theta", 0),
            todo.get("tx", 0),
            todo.get("ty", 0),
            todo.get("shear", 0),
            todo.get("zx", 1),
            todo.get("zy", 1),
            row_axis=rows,
            col_axis=columns,
            channel_axis=channels,
            fill_mode=self.fill_mode,
            cval=self.cval,
            order=self.interpolation_order,
        )
        if todo.get("channel_shift_intensity") is not None:
            x = apply_channel_shift(x, todo["channel_shift_intensity"], channels)
        if todo.get("flip_horizontal", False):
            x = np.flip(x, columns)
        if todo.get("flip_vertical", False):
            x = np.flip(x, rows)
        if todo.get("brightness") is not None:
            x = apply_brightness_shift(x, todo["brightness"], scale=False)
        return x

    def random_transform(self, x: np.ndarray, seed: int | None = None) -> np.ndarray:
        """One image, transformed at random."""
        return self.apply_transform(x, self.get_random_transform(x.shape, seed))

    def fit(self, x: Any, augment: bool = False, rounds: int = 1, seed: int | None = None) -> None:
        """Learns what `featurewise_center`, `featurewise_std_normalization` and `zca_whitening` need.

        Args:
            x: images of rank 4, before `rescale`.
            augment: learns from transformed images instead.
            rounds: how many of each.
            seed: NumPy's global stream is set to it before; None leaves it alone.

        Raises:
            ValueError: for another rank.
        """
        x = np.array(x, dtype=self.dtype)  # a copy
        check_images(f"{_WHO}.fit", x, self.channel_axis, self.data_format)
        if seed is not None:
            np.random.seed(seed)
        if self.rescale:
            x *= self.rescale
        if augment:
            augmented = np.zeros((rounds * len(x), *x.shape[1:]), self.dtype)
            for i in range(len(augmented)):
                augmented[i] = self.random_transform(x[i % len(x)])
            x = augmented
        by_channel = [1, 1, 1]
        by_channel[self.channel_axis - 1] = x.shape[self.channel_axis]
        if self.featurewise_center:
            self.mean = np.mean(x, axis=(0, self.row_axis, self.col_axis)).reshape(by_channel)
            x -= self.mean
        if self.featurewise_std_normalization:
            self.std = np.std(x, axis=(0, self.row_axis, self.col_axis)).reshape(by_channel)
            x /= self.std + 1e-6
        if self.zca_whitening:
            u, s, _ = np.linalg.svd(x.reshape(len(x), -1).T, full_matrices=False)
            self.zca_whitening_matrix = (u * (np.sqrt(len(x)) / (s + self.zca_epsilon))) @ u.T


_DEPRECATED = {
    "class_mode='other'": "say 'raw'.",
    "has_ext": "filenames in the dataframe have to match the exact filenames in disk.",
    "sort": "batches come in the order of the filenames provided if `shuffle` is False.",
    "drop_duplicates": "use pandas.DataFrame.drop_duplicates.",
}


def _zoom_range(zoom: Any) -> list[float]:
    if isinstance(zoom, float | int):
        return [1 - zoom, 1 + zoom]
    if len(zoom) == 2 and all(isinstance(factor, float | int) for factor in zoom):
        return list(zoom)
    raise ValueError(
        f"{_WHO}: `zoom_range` should be a float or a tuple or list of two floats; got {zoom}. Pass 0.2, say."
    )


def _overridden(what: str, other: str, value: bool) -> bool:
    warnings.warn(f"This {_WHO} specifies `{what}`, which overrides setting of `{other}`.", stacklevel=4)
    return value


def _fitted(learned: np.ndarray | None, what: str) -> bool:
    if learned is None:
        warnings.warn(
            f"This {_WHO} specifies `{what}`, but it hasn't been fit on any training data. Fit it first by calling "
            "`.fit(numpy_data)`.",
            stacklevel=4,
        )
    return learned is not None


def _shift(largest: Any, size: int) -> Any:
    """Pixels: one of a list or of the whole numbers below, of either sign; or up to a number."""
    if not largest:
        return 0
    try:  # lists and whole numbers
        shift = np.random.choice(largest) * np.random.choice([-1, 1])
    except ValueError:
        shift = np.random.uniform(-largest, largest)
    return shift * size if np.max(largest) < 1 else shift
