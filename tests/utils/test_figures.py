"""What our figures share: names that don't overlap, lines that differ without colour."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jaxnn.utils import figures


@given(st.lists(st.floats(0, 1), min_size=1, max_size=7))
@settings(derandomize=True, deadline=None, max_examples=50)
def test_names_keep_their_order_their_distance_and_the_panel(heights):
    heights = np.sort(heights)
    places = figures._apart(heights)
    assert (np.diff(places) >= figures._GAP - 1e-9).all()  # float64 sums
    assert places.min() >= -1e-9
    assert places.max() <= 1 + 1e-9
    if len(heights) > 1 and np.diff(heights).min() >= figures._GAP:
        np.testing.assert_allclose(places, heights, atol=1e-9)  # nothing to move


def test_lines_differ_without_colour():
    looks = [(str(figures.style(i)["linestyle"]), figures.MARKERS[i]) for i in range(len(figures.COLOURS))]
    assert len({dash for dash, _ in looks}) == len({marker for _, marker in looks}) == len(looks)


def test_the_map_is_read_by_its_lightness():
    """Rec. 601's weights give a colour's grey in print: it rises from end to end, so a map reads without colour."""
    colormaps = pytest.importorskip("matplotlib").colormaps
    grey = colormaps[figures.MAP](np.linspace(0, 1, 64))[:, :3] @ [0.299, 0.587, 0.114]
    assert (np.diff(grey) > 0).all()
