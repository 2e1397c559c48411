import numpy as np
import pytest

from jaxnn.utils import pack_x_y_sample_weight, unpack_x_y_sample_weight


@pytest.mark.parametrize("parts", [("x", None, None), ("x", "y", None), ("x", "y", "w"), (("x1", "x2"), None, None)])
def test_unpack_undoes_pack(parts):
    assert unpack_x_y_sample_weight(pack_x_y_sample_weight(*parts)) == parts


def test_a_single_array_is_not_wrapped():
    x = np.ones(3)
    assert pack_x_y_sample_weight(x) is x
    assert unpack_x_y_sample_weight(x) == (x, None, None)


def test_lists_count_as_tuples():
    assert unpack_x_y_sample_weight(["x", "y"]) == ("x", "y", None)


def test_four_parts_are_refused():
    with pytest.raises(ValueError, match=r"got 4 parts\. Put several inputs together"):
        unpack_x_y_sample_weight((1, 2, 3, 4))
