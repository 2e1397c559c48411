"""Packages that only some functions need."""

from __future__ import annotations

import importlib
from typing import Any


def required(module: str, who: str) -> Any:
    """A module of the extra `images`, or an ImportError that says how to get it."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ImportError(
            f"Could not import {module}. The use of `{who}` requires it: pip install jaxnn[images]."
        ) from error
