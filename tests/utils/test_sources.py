"""get_source_inputs: the inputs that a symbolic tensor comes from."""

from jaxnn import Input, layers
from jaxnn.utils import get_source_inputs


def test_each_input_comes_once_in_the_order_in_which_it_is_met():
    a, b = Input((3,)), Input((3,))
    y = layers.Add()([layers.Dense(3)(b), a, b])
    first, second = get_source_inputs(y)
    assert first is b
    assert second is a


def test_an_input_is_its_own_source_and_other_things_are_given_back():
    a = Input((3,))
    assert get_source_inputs(a)[0] is a
    assert get_source_inputs("text") == "text"
