"""Limits that `keras.config` sets on every run, to try a script out."""

from __future__ import annotations

import warnings

from jaxnn.core import config


def epochs(asked: int) -> int:
    """The number of the last epoch, at most `config.max_epochs()`."""
    most = config.max_epochs()
    if most and most < asked:
        warnings.warn(f"Limiting epochs to {most}", stacklevel=4)
        return most
    return asked


def steps(asked: int | None) -> int | None:
    """The steps of an epoch, at most `config.max_steps_per_epoch()`."""
    most = config.max_steps_per_epoch()
    if most and (not asked or most < asked):
        warnings.warn(f"Limiting steps_per_epoch to {most}", stacklevel=4)
        return most
    return asked
