"""Where messages go, and what the place can show: a terminal, a notebook, or a file.

A progress bar draws an unfinished line and draws over it. Whoever prints a message through `print_line` meanwhile takes
that line away first, so that bars and messages never run into each other.
"""

from __future__ import annotations

import logging
import math
import os
import shutil
import sys
from typing import Any, NamedTuple

from jaxnn.core import config


class Screen(NamedTuple):
    """What standard output can show."""

    redraws: bool  # a carriage return takes the cursor back
    colours: bool  # the escape codes of colours are understood
    columns: float  # a longer line would break; infinite where nothing breaks
    bar: str  # the character that bars are made of


def screen() -> Screen:
    """What standard output can show now. Files and pipes get plain text; so does the logger."""
    stream = sys.stdout
    if not config.is_interactive_logging_enabled():
        return Screen(redraws=False, colours=False, columns=math.inf, bar="")
    bar = "━" if _can_encode(stream, "━") else "="
    if _is_notebook(stream) or "PYCHARM_HOSTED" in os.environ:
        return Screen(redraws=True, colours="NO_COLOR" not in os.environ, columns=math.inf, bar=bar)
    if _is_terminal(stream):
        return Screen(redraws=True, colours=_has_colours(), columns=shutil.get_terminal_size().columns, bar=bar)
    return Screen(redraws=False, colours=False, columns=math.inf, bar=bar)


def print_line(message: str) -> None:
    """Prints whole lines on standard output, or logs them (level INFO, logger 'jaxnn') if interactive logging is off."""
    if not config.is_interactive_logging_enabled():
        logging.getLogger("jaxnn").info(message)
        return
    width = _unfinished_width()
    _write(("\r" + " " * width + "\r" if width else "") + message + "\n")
    _finish_line()


def redraw_line(text: str, width: int) -> None:
    """Draws an unfinished line over the last one.

    Args:
        text: without a line break; it may carry colours.
        width: the columns it takes.
    """
    global _unfinished
    _write("\r" + text + " " * max(0, _unfinished_width() - width))
    _unfinished = (sys.stdout, width)


_unfinished: tuple[Any, int] = (None, 0)  # the stream that shows an unfinished line, and the line's width


def _unfinished_width() -> int:
    stream, width = _unfinished
    return width if stream is sys.stdout else 0


def _finish_line() -> None:
    global _unfinished
    _unfinished = (None, 0)


def _write(text: str) -> None:
    stream = sys.stdout
    if stream is None:  # a windowed program has no standard output
        return
    try:
        stream.write(text)
    except UnicodeEncodeError:
        encoding = stream.encoding or "utf-8"
        stream.write(text.encode(encoding, "replace").decode(encoding))
    stream.flush()


def _can_encode(stream: Any, text: str) -> bool:
    try:
        text.encode(getattr(stream, "encoding", None) or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _is_notebook(stream: Any) -> bool:
    return any(cls.__module__.startswith("ipykernel") for cls in type(stream).__mro__)


def _is_terminal(stream: Any) -> bool:
    if type(stream).__module__.startswith("idlelib"):  # claims to be one, but knows no carriage return
        return False
    isatty = getattr(stream, "isatty", None)
    return isatty is not None and isatty() and os.environ.get("TERM") != "dumb"


def _has_colours() -> bool:
    if "NO_COLOR" in os.environ:
        return False
    return os.name != "nt" or "WT_SESSION" in os.environ  # older Windows consoles print the codes themselves
