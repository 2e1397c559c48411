"""Process-wide settings with Keras's names: floatx, epsilon, image_data_format, interactive logging.

Source: https://keras.io/api/utils/config_utils/
"""

from __future__ import annotations

import operator
import os
import sys
from typing import Any

import jax

from jaxnn.core import check

_FLOATS = ("bfloat16", "float16", "float32", "float64")
_FORMATS = ("channels_last", "channels_first")
_MASKS = ("keras", "fast")
_LANGUAGES = ("en", "zh-TW")

_settings: dict[str, Any] = {
    "floatx": "float32",
    "epsilon": 1e-7,
    "image_data_format": "channels_last",
    "dropout_masks": check.one_of(
        "jaxnn", "JAXNN_DROPOUT_MASKS", os.environ.get("JAXNN_DROPOUT_MASKS") or "keras", _MASKS
    ),
    "language": check.one_of("jaxnn", "JAXNN_LANGUAGE", os.environ.get("JAXNN_LANGUAGE") or "en", _LANGUAGES),
    "interactive_logging": True,
    "traceback_filtering": True,
    "flash_attention": None,
    "max_epochs": int(os.environ.get("KERAS_MAX_EPOCHS") or 0) or None,
    "max_steps_per_epoch": int(os.environ.get("KERAS_MAX_STEPS_PER_EPOCH") or 0) or None,
}


def floatx() -> str:
    """The default float type of weights and inputs, as a string. Example: `floatx()` gives `'float32'`."""
    return _settings["floatx"]


def set_floatx(value: str) -> None:
    """Sets the default float type: 'bfloat16', 'float16', 'float32' or 'float64'.

    JAX computes in 64 bits only when told so: 'float64' switches `jax_enable_x64` on for the whole process.

    Raises:
        ValueError: for any other name.
    """
    value = check.one_of("set_floatx", "value", value, _FLOATS)
    if value == "float64" and not jax.config.read("jax_enable_x64"):
        jax.config.update("jax_enable_x64", True)
    _settings["floatx"] = value


def epsilon() -> float:
    """The small number that keeps quotients and logarithms finite; 1e-7 unless set."""
    return _settings["epsilon"]


def set_epsilon(value: float) -> None:
    """Sets the fuzz factor that losses and normalisations use."""
    _settings["epsilon"] = float(value)


def image_data_format() -> str:
    """'channels_last' (batch, height, width, channels) or 'channels_first'."""
    return _settings["image_data_format"]


def set_image_data_format(data_format: str) -> None:
    """Sets where images carry their channels: 'channels_last' or 'channels_first'."""
    name = str(data_format).lower()
    _settings["image_data_format"] = check.one_of("set_image_data_format", "data_format", name, _FORMATS)


def standardize_data_format(data_format: str | None) -> str:
    """The format given, checked, or the global one for None."""
    if data_format is None:
        return image_data_format()
    return check.one_of("layer", "data_format", str(data_format).lower(), _FORMATS)


def dropout_masks() -> str:
    """Where dropout's masks come from: 'keras' or 'fast'. See `set_dropout_masks`."""
    return _settings["dropout_masks"]


def set_dropout_masks(masks: str) -> _Setting:
    """Sets where the masks and noise of training come from, for the whole process or for a `with` block.

    'keras', the default: threefry, in Keras's order, so that a seed gives the masks that it gives in Keras.
    'fast': a hash of the layer's seed, the number of its call and the entry's position. Other masks than Keras's, and as
    good for training: seeded, the same on every run and platform, each entry, step and layer independent of the others
    (tests/test_random_bits.py has the statistics). A hash is no cryptographic generator. Worth it where masks are a
    large share of a step: on a CPU (`python -m benchmarks --only mlp`).

    It is for `keras.random.dropout` and what is made of it (Dropout, SpatialDropout, the dropout of recurrent and attention
    layers), AlphaDropout, GaussianDropout and GaussianNoise. Other functions of `keras.random`, initial weights and
    shuffles stay as they are. A function that you compile by `jax.jit` keeps what was set when it was traced.

    The environment variable `JAXNN_DROPOUT_MASKS` sets it from outside. Not in Keras.

    Args:
        masks: 'keras' or 'fast'.

    Raises:
        ValueError: for any other name.

    Example:
        >>> with set_dropout_masks("fast"):
        ...     dropout_masks()
        'fast'
        >>> dropout_masks()
        'keras'
    """
    before = dropout_masks()
    _settings["dropout_masks"] = check.one_of("set_dropout_masks", "masks", masks, _MASKS)
    return _Setting("dropout_masks", before)


def language() -> str:
    """The language of what `jaxnn.doctor` finds: 'en' or 'zh-TW'."""
    return _settings["language"]


def set_language(language: str) -> _Setting:
    """Sets the language of what `jaxnn.doctor` finds, for the whole process or for a `with` block.

    Names of classes, functions and arguments stay as they are, and so do all other messages. The environment variable
    `JAXNN_LANGUAGE` sets it from outside. Not in Keras.

    Args:
        language: 'en', the default, or 'zh-TW', Traditional Chinese.

    Raises:
        ValueError: for any other name.

    Example:
        >>> with set_language("zh-TW"):
        ...     language()
        'zh-TW'
        >>> language()
        'en'
    """
    before = _settings["language"]
    _settings["language"] = check.one_of("set_language", "language", language, _LANGUAGES)
    return _Setting("language", before)


class _Setting:
    """What a setting was. As a context manager it puts it back at the block's end."""

    def __init__(self, name: str, before: Any):
        self._name, self._before = name, before

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: Any) -> None:
        _settings[self._name] = self._before


def while_tracing() -> tuple:
    """The settings that code reads while JAX traces it: a compiled program stands for one choice of them."""
    return _read_while_tracing(_settings)


_read_while_tracing = operator.itemgetter("floatx", "epsilon", "image_data_format", "dropout_masks", "flash_attention")


def enable_interactive_logging() -> None:
    """Progress is drawn on standard output as a moving bar (the default)."""
    _settings["interactive_logging"] = True


def disable_interactive_logging() -> None:
    """Progress goes to the `jaxnn` logger, a line an epoch, instead of a moving bar."""
    _settings["interactive_logging"] = False


def is_interactive_logging_enabled() -> bool:
    """Whether progress is drawn on standard output."""
    return _settings["interactive_logging"]


def enable_traceback_filtering() -> None:
    """Keras's switch, kept so that scripts run; our tracebacks are short and are never cut."""
    _settings["traceback_filtering"] = True


def disable_traceback_filtering() -> None:
    """Keras's switch, kept so that scripts run; our tracebacks are short and are never cut."""
    _settings["traceback_filtering"] = False


def is_traceback_filtering_enabled() -> bool:
    """The last setting of the switch."""
    return _settings["traceback_filtering"]


def max_epochs() -> int | None:
    """The most epochs that a `fit` may have, or None. The environment variable `KERAS_MAX_EPOCHS` sets it from outside."""
    return _settings["max_epochs"]


def set_max_epochs(max_epochs: int | None) -> None:
    """Cuts every `fit` short after so many epochs, to try a script out; None for no limit."""
    _settings["max_epochs"] = max_epochs


def max_steps_per_epoch() -> int | None:
    """The most steps that an epoch, `evaluate` or `predict` may have, or None. See `KERAS_MAX_STEPS_PER_EPOCH`, too."""
    return _settings["max_steps_per_epoch"]


def set_max_steps_per_epoch(max_steps_per_epoch: int | None) -> None:
    """Cuts every epoch, `evaluate` and `predict` short after so many steps, to try a script out; None for no limit."""
    _settings["max_steps_per_epoch"] = max_steps_per_epoch


def enable_flash_attention() -> None:
    """Attention without an opinion of its own takes a GPU's fused kernel where there is one (the default)."""
    _settings["flash_attention"] = None


def disable_flash_attention() -> None:
    """Attention without an opinion of its own takes the kernel that XLA makes."""
    _settings["flash_attention"] = False


def is_flash_attention_enabled() -> bool | None:
    """None: where it can be had. False: `disable_flash_attention` was called."""
    return _settings["flash_attention"]


def is_nnx_enabled() -> bool:
    """Always False: layers are no modules of Flax's NNX."""
    return False


def backend() -> str:
    """Always 'jax'."""
    return "jax"


def set_backend(backend: str) -> None:
    """Takes 'jax', which it is anyway.

    Raises:
        ValueError: for any other name.
    """
    if backend != "jax":
        raise ValueError(
            f"set_backend: `backend` must be 'jax', which jaxnn is made of; got {backend!r}. For another backend import "
            "Keras itself."
        )


def home() -> str:
    """The folder for downloads: `$KERAS_HOME`, or `~/.keras`, so that Keras's cached files are found."""
    return os.environ.get("KERAS_HOME") or os.path.join(os.path.expanduser("~"), ".keras")


def warn_once(message: str, key: str | None = None, category: type[Warning] = UserWarning) -> None:
    """A warning that is said the first time only, however often the code behind it runs."""
    key = key or message
    if key not in _said:
        _said.add(key)
        import warnings

        depth, frame = 2, sys._getframe(1)
        while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("jaxnn"):
            depth, frame = depth + 1, frame.f_back
        warnings.warn(message, category, stacklevel=depth)


_said: set[str] = set()
