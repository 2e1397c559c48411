import random

import numpy as np
import pytest

from jaxnn.core import naming, seed
from jaxnn.utils import clear_session, set_random_seed


def draws():
    return random.random(), np.random.rand(), int(seed.global_seed_generator().state.value[0])


def test_the_same_seed_gives_the_same_numbers():
    set_random_seed(7)
    first = draws()
    set_random_seed(np.int64(7))
    assert draws() == first
    set_random_seed(8)
    assert draws() != first


@pytest.mark.parametrize("wrong", ["7", 7.0, -1, 2**32])
def test_a_seed_is_a_whole_number_that_numpy_takes(wrong):
    with pytest.raises(ValueError, match=r"`seed` argument to be an integer from 0 to 2\*\*32 - 1"):
        set_random_seed(wrong)


def test_clear_session_starts_names_and_the_global_stream_anew():
    naming.unique("dense")
    stream = seed.global_seed_generator()
    clear_session()
    assert naming.unique("dense") == "dense"
    assert seed.global_seed_generator() is not stream


def test_the_package_lists_what_it_offers():
    import jaxnn.utils

    assert all(hasattr(jaxnn.utils, name) for name in jaxnn.utils.__all__)
