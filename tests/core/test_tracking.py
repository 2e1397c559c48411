"""A layer knows its parts: attributes, and what is put into or taken out of its lists, dicts and sets."""

import copy
import json

import numpy as np
import pytest

from jaxnn import Layer, Variable, layers, metrics
from jaxnn.core.tracking import is_watched, mutations
from jaxnn.random import SeedGenerator


class Holder(Layer):
    def call(self, x):
        return x


@pytest.fixture
def holder():
    return Holder()


def names(layer):
    return [part.name for part in layer._layers]


def dense(name):
    return layers.Dense(1, name=name)


def test_each_kind_of_part_has_its_place(holder):
    holder.layer, holder.metric, holder.seed = dense("a"), metrics.Mean(), SeedGenerator(1)
    holder.weight, holder.count = Variable(1.0), Variable(0, trainable=False)
    assert names(holder) == ["a"]
    assert holder.metrics == [holder.metric]
    assert holder._seed_generators == [holder.seed]
    assert holder.trainable_weights == [holder.weight]
    assert holder.non_trainable_variables == [holder.count, holder.seed.state]


def test_lists_dicts_sets_and_tuples_are_looked_into_however_deep(holder):
    holder.parts = [dense("a"), {"k": dense("b"), "n": (dense("c"), [dense("d")])}]
    holder.others = {dense("e")}
    assert names(holder) == ["a", "b", "c", "d", "e"]


def test_what_is_put_in_later_counts_when_it_is_put_in(holder):
    holder.list, holder.dict, holder.set = [], {}, set()
    holder.list.append(dense("a"))
    holder.dict["x"] = dense("b")
    holder.list += [dense("c")]
    holder.list.insert(0, dense("d"))
    holder.dict.update(y=dense("e"))
    holder.dict.setdefault("z", dense("f"))
    holder.set.add(dense("g"))
    holder.list.extend([dense("h")])
    holder.list[0] = dense("i")  # in place of d
    assert names(holder) == ["a", "b", "c", "e", "f", "g", "h", "i"]


def test_what_is_taken_out_is_forgotten(holder):
    holder.list = [dense(n) for n in "abcde"]
    holder.dict = {n: dense(n) for n in "fgh"}
    holder.list.pop()
    del holder.list[0]
    holder.list.remove(holder.list[0])
    holder.dict.pop("f")
    del holder.dict["g"]
    assert names(holder) == ["c", "d", "h"]
    holder.dict.popitem()
    holder.list.clear()
    assert names(holder) == []


def test_an_attribute_that_is_deleted_or_replaced(holder):
    holder.a, holder.b = dense("a"), dense("b")
    del holder.a
    holder.b = dense("c")  # Keras keeps the one that was there
    assert names(holder) == ["b", "c"]


def test_containers_are_plain_data_to_everyone_else(holder):
    holder.sizes = [1, (2, 3)]
    holder.options = {"a": [1]}
    assert holder.sizes == [1, (2, 3)]
    assert json.dumps(holder.options) == '{"a": [1]}'
    assert is_watched(holder.sizes)
    assert type(copy.deepcopy(holder.sizes)) is list


def test_a_part_that_is_set_twice_counts_once(holder):
    holder.a = holder.b = dense("a")
    holder.c = [holder.a]
    assert names(holder) == ["a"]


def test_a_built_layer_takes_no_new_parts_but_keeps_its_old_ones():
    layer = dense("a")
    layer.build((None, 2))
    for value in (dense("b"), [dense("b")], Variable(1.0)):
        with pytest.raises(ValueError, match="cannot add new elements of state"):
            layer.extra = value
    layer.again = layer.kernel
    layer.kernel.trainable = False
    layer.once_more = layer.kernel
    layer.note = "any"


def test_changes_of_a_built_layer_are_counted_and_others_not():
    layer = Holder()
    layer.rate, layer.options = 0.5, {"a": 1}
    layer(np.ones(2))
    changes = [
        lambda: setattr(layer, "rate", 0.1),
        lambda: layer.options.update(a=2),
        lambda: delattr(layer, "rate"),
        lambda: setattr(layer, "trainable", False),
    ]
    for change in changes:
        before = mutations()
        change()
        assert mutations() > before
    before = mutations()
    layer(np.ones(2))
    unbuilt = Holder()
    unbuilt.rate = 0.5
    assert mutations() == before
