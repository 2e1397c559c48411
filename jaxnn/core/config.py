"""Process-wide settings with Keras's names: floatx, epsilon, image_data_format, interactive logging.

Source: https://keras.io/api/utils/config_utils/
"""

from __future__ import annotations

import os
import sys
from typing import Any

import jax

from jaxnn.core import check

_FLOATS = ("bfloat16", "float16", "float32", "float64")
_FORMATS = ("channels_last", "channels_first")

_settings: dict[str, Any] = {
    "floatx": "float32",
    "epsilon": 1e-7,
    "image_data_format": "channels_last",
    "interactive_logging": True,
    "traceback_filtering": True,
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


def backend() -> str:
    """Always 'jax'."""
    return "jax"


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
