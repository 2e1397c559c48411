"""Exploration: what every function of `jaxnn.explore` returns, the numbers, the figure and the finding."""

from __future__ import annotations

import base64
import functools
import html
import io
import os
from collections.abc import Callable, Iterator
from typing import Any

_GIF_COLOURS = 64
_GIF_MILLISECONDS = 80  # a picture


class Exploration:
    """What was seen: `data` as plain arrays, a `figure` of them, and a sentence with the numbers that matter.

    In a notebook the figure is shown with the sentence below it. The figure is drawn when it is first asked for: whoever
    wants numbers only needs no matplotlib.

    Attributes:
        data: a dictionary of NumPy arrays, lists of names and numbers; the function that made it says its keys.
        finding: one sentence or a few.
        figure: a `matplotlib.figure.Figure`.

    Args:
        data, finding: as above.
        draw: gives the figure for the data.
        animate: yields the pictures of a film, given the data and the dots an inch, where time is a part of it.

    Example:
        >>> seen = Exploration({"loss": np.array([2.0, 1.0])}, "The loss halves.", draw=lambda data: None)
        >>> seen
        The loss halves.
        >>> seen.data["loss"][-1] / seen.data["loss"][0]
        np.float64(0.5)
    """

    def __init__(
        self,
        data: dict[str, Any],
        finding: str,
        draw: Callable[[dict[str, Any]], Any],
        animate: Callable[[dict[str, Any], float], Iterator[Any]] | None = None,
    ):
        self.data, self.finding = data, finding
        self._draw, self._animate = draw, animate

    @functools.cached_property
    def figure(self) -> Any:
        """The figure, made on the first use."""
        return self._draw(self.data)

    def save(self, path: str | os.PathLike, dpi: float = 150) -> None:
        """Writes the figure: `.png`, `.svg`, `.pdf`; `.gif` writes the animation where there is one.

        Args:
            path: its ending says the format.
            dpi: points an inch, of pixel formats.

        Raises:
            ValueError: for `.gif` where nothing moves.
        """
        path = os.fspath(path)
        if not path.lower().endswith(".gif"):
            self.figure.savefig(path, dpi=dpi)
            return
        if self._animate is None:
            raise ValueError(
                f"Exploration.save: this figure doesn't move, so it can't be '{path}'. Save a .png or .svg."
            )
        from PIL import Image  # comes with matplotlib

        # one palette for all, the last picture's, which has every colour: what doesn't move is then the same and stored once
        pictures = list(self._animate(self.data, min(dpi, 100)))
        palette = pictures[-1].quantize(_GIF_COLOURS, Image.Quantize.MAXCOVERAGE)
        first, *others = [picture.quantize(palette=palette, dither=Image.Dither.NONE) for picture in pictures]
        first.save(path, save_all=True, append_images=others, duration=_GIF_MILLISECONDS, loop=0)

    def __repr__(self) -> str:
        return self.finding

    def show(self, finding: bool = True) -> None:
        """Shows the figure in a notebook before a cell's end, as its last line would: in a loop, in a function, twice.

        Args:
            finding: whether the sentence is printed below it.

        Raises:
            ImportError: without IPython; `save` writes the figure then.
        """
        try:
            from IPython.display import display
        except ImportError as error:
            raise ImportError(
                "Exploration.show: IPython is missing: pip install jaxnn[notebooks], or save the figure: seen.save(path)."
            ) from error
        picture = base64.b64encode(self._repr_png_()).decode()  # as HTML it would stand in the file twice
        display({"image/png": picture, "text/plain": "figure"}, raw=True)
        if finding:
            print(self.finding)

    def _ipython_display_(self) -> None:
        self.show()

    def _repr_png_(self) -> bytes:
        """With the dots an inch of matplotlib's own figures; in 256 colours, a third of the bytes that a notebook would keep otherwise."""
        from matplotlib import rcParams
        from PIL import Image  # comes with matplotlib

        drawn, buffer = io.BytesIO(), io.BytesIO()
        self.figure.savefig(drawn, format="png", dpi=rcParams["figure.dpi"])
        few_colours = (
            Image.open(drawn).convert("RGB").quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
        )
        few_colours.save(buffer, format="png", optimize=True)
        return buffer.getvalue()

    def _repr_html_(self) -> str:
        picture = base64.b64encode(self._repr_png_()).decode()
        text = html.escape(self.finding)
        return (
            f'<figure style="margin:0"><img src="data:image/png;base64,{picture}" alt="{text}" style="max-width:100%">'
            f"<figcaption>{text}</figcaption></figure>"
        )
