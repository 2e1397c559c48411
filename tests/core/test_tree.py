"""Nested structures with Keras's rules: None is a leaf, dicts are walked by sorted key and keep their own order."""

import collections

import pytest

from jaxnn.core import tree

Pair = collections.namedtuple("Pair", "a b")
NESTED = {"b": [1, None], "a": (2, Pair(3, {"z": 4}))}


def test_leaves_come_by_sorted_keys_with_their_paths():
    assert tree.flatten(NESTED) == [2, 3, 4, 1, None]
    assert tree.flatten(7) == [7]
    assert dict(tree.flatten_with_path(NESTED)) == {
        ("a", 0): 2, ("a", 1, 0): 3, ("a", 1, 1, "z"): 4, ("b", 0): 1, ("b", 1): None,
    }  # fmt: skip
    assert tree.flatten(collections.OrderedDict(b=1, a=2)) == [1, 2]  # an ordered one keeps its order
    assert tree.flatten({1: "x", "a": "y"}) == ["x", "y"]  # keys that can't be compared, too


def test_mapping_keeps_kinds_and_the_order_of_dicts():
    doubled = tree.map_structure(lambda x: x and 2 * x, NESTED)
    assert doubled == {"b": [2, None], "a": (4, Pair(6, {"z": 8}))}
    assert list(doubled) == ["b", "a"]
    assert isinstance(doubled["a"][1], Pair)
    assert isinstance(tree.map_structure(str, collections.OrderedDict(a=1)), collections.OrderedDict)
    assert isinstance(tree.map_structure(str, collections.defaultdict(int, a=1)), dict)


def test_several_structures_are_mapped_together_if_they_agree():
    assert tree.map_structure(lambda a, b: a + b, [1, {"x": 2}], [10, {"x": 20}]) == [11, {"x": 22}]
    with pytest.raises(ValueError, match="differ at 1/x: expected list of 1; got a leaf"):
        tree.map_structure(lambda a, b: a, [1, {"x": [2]}], [1, {"x": 2}])
    with pytest.raises(ValueError, match=r"keys \['x'\]; got \['y'\]"):
        tree.map_structure(lambda a, b: a, {"x": 1}, {"y": 1})
    with pytest.raises(ValueError, match="differ at the top: expected list of 1; got tuple of 1"):
        tree.assert_same_structure([1], (1,))


def test_none_may_be_left_alone():
    assert tree.map_structure(lambda x: x + 1, [1, None], none_is_leaf=False) == [2, None]


def test_packing_undoes_flattening():
    assert tree.pack_sequence_as(NESTED, tree.flatten(NESTED)) == NESTED
    with pytest.raises(ValueError, match="the structure has 5 leaves; got 1 values"):
        tree.pack_sequence_as(NESTED, [1])


def test_mapping_up_to_a_shallow_structure_hands_over_subtrees():
    assert tree.map_structure_up_to([0, 0], len, [[1, 2], {"a": 1}]) == [2, 1]


def test_paths_count_lists_and_tuples_alike():
    tree.assert_same_paths([1, (2,)], (1, [2]))
    with pytest.raises(ValueError, match="different paths"):
        tree.assert_same_paths([1], [1, 2])
    assert tree.lists_to_tuples([1, {"a": [2]}, Pair([3], 4)]) == (1, {"a": (2,)}, Pair([3], 4))


def test_shapes_are_leaves_where_asked():
    shapes = {"a": [(None, 2), (3,)], "b": [4, 5]}
    assert tree.map_shape_structure(len, shapes) == {"a": [2, 1], "b": 2}
    assert tree.is_shape([None, 2])
    assert not tree.is_shape([None, (2,)])
    with pytest.raises(ValueError, match="expected shapes"):
        tree.map_shape_structure(len, {"a": "b"})


def test_traverse_replaces_nodes_from_the_top_or_the_bottom():
    structure = [1, [2, 3]]
    assert tree.traverse(lambda x: "list" if isinstance(x, list) and len(x) == 2 and x[0] == 2 else None, structure) == [
        1, "list",
    ]  # fmt: skip
    assert tree.traverse(lambda x: sum(x) if isinstance(x, list) else None, structure, top_down=False) == 6
    assert tree.traverse(lambda x: tree.MAP_TO_NONE if x == 1 else None, structure) == [None, [2, 3]]
