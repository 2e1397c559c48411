"""The orders of `tf.data`: what TensorFlow 2.21 printed for `Dataset.range(10).shuffle(buffer, seed)`, twice each."""

import pytest

from jaxnn.utils import Dataset, seeding, set_random_seed
from jaxnn.utils.shuffling import Philox, shuffled


@pytest.fixture(autouse=True)
def no_global_seed(monkeypatch):
    monkeypatch.setitem(seeding._chosen, "seed", None)


def passes(buffer_size, seed=None, **kwargs):
    data = Dataset(lambda: iter(range(10)), 10).shuffle(buffer_size, seed, **kwargs)
    return [list(data), list(data)]


def test_a_seed_gives_tensorflows_order_in_every_pass():
    assert passes(4, 1337) == [[2, 0, 4, 1, 3, 5, 8, 7, 6, 9], [3, 2, 0, 6, 1, 7, 4, 8, 5, 9]]
    assert passes(100, 1337) == [[2, 3, 8, 4, 6, 7, 0, 5, 1, 9], [5, 3, 1, 6, 4, 2, 0, 8, 7, 9]]


def test_set_random_seed_counts_too_as_it_sets_tensorflows_seed_in_keras():
    set_random_seed(42)
    assert passes(4, 1337) == [[3, 4, 2, 0, 1, 7, 8, 9, 6, 5], [0, 4, 3, 5, 2, 1, 6, 8, 7, 9]]
    assert passes(4) == [[3, 2, 1, 5, 6, 0, 8, 7, 9, 4], [0, 2, 4, 3, 1, 5, 8, 9, 6, 7]]


def test_one_order_for_all_passes():
    set_random_seed(42)
    assert passes(4, 1, reshuffle_each_iteration=False) == [[1, 4, 2, 3, 5, 0, 6, 9, 7, 8]] * 2


def test_without_any_seed_orders_differ():
    assert len({tuple(order) for order in passes(10) + passes(10)}) > 1


def test_philox_gives_its_published_numbers():
    draw = Philox(0, 0)  # the first line of the known answers of Random123
    assert [hex(draw()) for _ in range(4)] == ["0x6627e8d5", "0xe169c58d", "0xbc57ac4c", "0x9b00dbd8"]


def test_shuffling_loses_nothing_and_reads_no_further_than_its_buffer():
    read = []
    elements = (read.append(i) or i for i in range(20))
    order = shuffled(elements, 3, Philox(1, 2))
    first = next(order)
    assert len(read) == 4
    assert sorted([first, *order]) == list(range(20))
