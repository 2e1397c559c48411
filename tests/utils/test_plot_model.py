"""Models as pictures and as DOT, without Graphviz."""

import pytest

import jaxnn as keras
from jaxnn import layers
from jaxnn.utils.graph_layout import layout
from jaxnn.utils.model_graph import model_graph

pytest.importorskip("matplotlib")


def branching():
    i, j = keras.Input((8,), name="features"), keras.Input((3,), name="more")
    h = layers.Dense(16, "relu", name="h")(i)
    both = layers.Concatenate(name="both")([layers.Add(name="add")([layers.Dense(16, name="d")(h), h]), j])
    return keras.Model([i, j], layers.Dense(1, name="out")(both))


def stacked():
    inner = keras.Sequential([keras.Input((4,)), layers.Dense(3, name="a"), layers.Dense(2, name="b")], name="inner")
    i = keras.Input((4,), name="i")
    return keras.Model(i, layers.Dense(1, name="out")(inner(i)))


def named(model, **kwargs):
    graph = model_graph(model, show_layer_names=True, **kwargs)
    titles = [box.title.split(" ")[0] for box in graph.boxes]
    return titles, {(titles[a], titles[b]) for a, b in graph.arrows}


def test_boxes_and_arrows_are_the_graphs():
    titles, arrows = named(branching())
    assert set(titles) == {"features", "more", "h", "d", "add", "both", "out"}
    assert arrows == {
        ("features", "h"),
        ("h", "d"),
        ("d", "add"),
        ("h", "add"),
        ("add", "both"),
        ("more", "both"),
        ("both", "out"),
    }


def test_models_inside_are_one_box_or_laid_open():
    assert named(stacked()) == (["i", "inner", "out"], {("i", "inner"), ("inner", "out")})
    assert named(stacked(), expand_nested=True) == (["i", "a", "b", "out"], {("i", "a"), ("a", "b"), ("b", "out")})


def test_a_shared_layer_is_one_box_and_operations_have_theirs():
    i = keras.Input((4,), name="i")
    shared = layers.Dense(4, name="shared")
    model = keras.Model(i, shared(keras.ops.relu(shared(i))))
    titles, arrows = named(model)
    assert titles.count("shared") == 1
    assert ("i", "shared") in arrows
    assert len(titles) == 3


def test_what_boxes_say():
    model = keras.Sequential([keras.Input((2,)), layers.Dense(3, "relu", name="d", trainable=False)])
    every = {"show_shapes": True, "show_dtype": True, "show_layer_activations": True, "show_trainable": True}
    (box,) = model_graph(model, **every).boxes
    assert box.title == "Dense"
    assert box.lines == ("activation: relu", "(None, 2) → (None, 3)", "dtype: float32", "frozen")


def test_arrows_that_pass_a_row_have_a_lane():
    rows, ways = layout(4, [(0, 1), (1, 2), (2, 3), (0, 3)])
    assert [len(row) for row in rows] == [1, 2, 2, 1]
    assert len(ways[0, 3]) == 4


@pytest.mark.parametrize("rankdir", ["TB", "BT", "LR", "RL"])
def test_a_picture_is_written_in_each_direction(rankdir, tmp_path):
    path = tmp_path / "model.png"
    keras.utils.plot_model(branching(), path, show_shapes=True, rankdir=rankdir, dpi=50)
    assert path.read_bytes().startswith(b"\x89PNG")


def test_other_formats(tmp_path):
    keras.utils.plot_model(branching(), str(tmp_path / "model.svg"))
    assert "<svg" in (tmp_path / "model.svg").read_text()
    keras.utils.plot_model(branching(), tmp_path / "model.dot", show_layer_names=True)
    assert 'label="features (InputLayer)"' in (tmp_path / "model.dot").read_text()
    keras.utils.plot_model(branching(), str(tmp_path / "plain"))
    assert (tmp_path / "plain.png").exists()
    assert keras.utils.plot_model(branching(), None) is None


def test_a_cluster_in_dot():
    text = keras.utils.model_to_dot(stacked(), subgraph=True, show_shapes=True).to_string()
    assert text.startswith('subgraph "cluster_')
    assert "(None, 4) → (None, 2)" in text
    assert str(keras.utils.model_to_dot(stacked())).startswith("digraph {")


def test_a_subclassed_model_is_one_box_once_it_is_built():
    class Mine(keras.Model):
        def __init__(self):
            super().__init__(name="mine")
            self.d = layers.Dense(1)

        def call(self, x):
            return self.d(x)

    model = Mine()
    with pytest.raises(ValueError, match=r"has not yet been built. Build the model first by calling `build\(\)`"):
        keras.utils.plot_model(model)
    model(keras.ops.ones((1, 2)))
    assert named(model) == (["mine"], set())


def test_arguments_that_are_none():
    with pytest.raises(ValueError, match="Argument `layer_range` is no longer supported"):
        keras.utils.plot_model(stacked(), layer_range=("a", "b"))
    with pytest.raises(ValueError, match=r"Unrecognized keyword arguments: \{'shapes': True\}"):
        keras.utils.model_to_dot(stacked(), shapes=True)
    with pytest.raises(ValueError, match="`rankdir` must be one of 'TB', 'BT', 'LR', 'RL'; got 'UP'"):
        keras.utils.plot_model(stacked(), rankdir="UP")
