"""The walk: names of parameters, and the places in weight files."""

import numpy as np

import jaxnn
from jaxnn import Input, Layer, Model, Sequential, layers
from jaxnn.core import naming, pure
from jaxnn.core.walk import named_variables, walk


class Composite(Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.zeta = layers.Dense(1)
        self._hidden = layers.Dense(1)
        self.alpha = [layers.Dense(1), [layers.BatchNormalization()], {"k": layers.Dense(1)}]
        self.again = self.zeta
        self.heads = {"b": layers.Dense(1), "a": layers.Dense(1)}
        self.noise = jaxnn.random.SeedGenerator(1)
        self.total = jaxnn.metrics.Mean()

    def call(self, x):
        return x


def paths(layer, **kwargs):
    return [path for path, _ in walk(layer, **kwargs)]


def test_attributes_come_by_name_private_ones_last_and_each_part_once():
    assert paths(Composite()) == [
        "", "again", "alpha/dense", "alpha/container/batch_normalization", "alpha/container_1/dense", "heads/dense",
        "heads/dense_1", "noise", "total", "_hidden",
    ]  # fmt: skip


def test_a_stack_and_a_graph_start_with_their_layers():
    x = Input((2,))
    shared = layers.Dense(2)
    graph = Model(x, shared(layers.Dropout(0.5)(shared(x))))
    assert paths(graph) == [
        "", "layers/input_layer", "layers/dense", "layers/dropout", "layers/dropout/seed_generator",
    ]  # fmt: skip
    stack = Sequential([layers.Dense(2), layers.Dense(2), graph])
    assert [p for p in paths(stack) if p.count("/") == 1] == ["layers/dense", "layers/dense_1", "layers/functional"]


def test_names_don_t_hang_on_automatic_names():
    def make():
        return Sequential([Input((3,)), layers.Dense(2), layers.BatchNormalization(), layers.Dense(2)])

    first, second = make(), make()
    assert [v.path for v in first.variables] != [v.path for v in second.variables]
    assert list(named_variables(first)) == list(named_variables(second)) == [
        "layers/dense/kernel", "layers/dense/bias", "layers/batch_normalization/gamma", "layers/batch_normalization/beta",
        "layers/batch_normalization/moving_mean", "layers/batch_normalization/moving_variance",
        "layers/dense_1/kernel", "layers/dense_1/bias",
    ]  # fmt: skip


class Net(Model):
    def __init__(self):
        super().__init__()
        self.body = layers.Dense(2)
        self.output_layer = layers.Dense(2)

    @property
    def attic(self):
        return self.output_layer

    @property
    def broken(self):
        raise RuntimeError

    def call(self, x):
        return self.output_layer(self.body(x))


def test_parameters_are_named_by_attributes_and_files_by_properties_too():
    model = Net()
    model(np.ones((1, 2)))
    assert list(named_variables(model)) == ["body/kernel", "body/bias", "output_layer/kernel", "output_layer/bias"]
    assert paths(model, for_files=True) == ["", "attic", "body"]


def test_the_lists_that_properties_give_are_all_seen():
    """Each is a new object; one that is gone must not lend its id to the next."""

    class Deep(Model):
        def __init__(self):
            super().__init__()
            self.inner = [Sequential([layers.Dense(1)]) for _ in range(20)]
            self.z = [layers.Dense(1) for _ in range(20)]

    assert sum("dense" in path for path in paths(Deep(), for_files=True)) == 40


def test_two_variables_of_one_name_are_numbered():
    class Twins(Layer):
        def build(self, shape):
            self.a = self.add_weight((1,), name="w")
            self.b = self.add_weight((1,), name="w")

        def call(self, x):
            return x

    layer = Twins()
    layer.build((None, 1))
    assert list(named_variables(layer)) == ["w", "w_1"]


def test_weights_shared_by_reference_have_one_name():
    class Tied(Layer):
        def __init__(self, other, **kwargs):
            super().__init__(**kwargs)
            self.other = other

        def call(self, x):
            return x @ self.other.kernel.T

    x = Input((3,))
    dense = layers.Dense(2)
    model = Model(x, Tied(dense)(dense(x)))
    assert list(named_variables(model)) == ["layers/dense/kernel", "layers/dense/bias"]
    params, state = pure.take(model)
    params["layers/dense/kernel"] = np.zeros((3, 2))
    np.testing.assert_array_equal(model.apply(params, state, np.ones((1, 3)))[0], np.zeros((1, 3)))


def test_a_variable_out_of_reach_is_named_by_its_path():
    class Hides(Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            layer = layers.Dense(1, name="d")
            layer.build((None, 2))
            self._tracker.add("layers", layer)

        def call(self, x):
            return x

    assert list(named_variables(Hides())) == ["d/kernel", "d/bias"]


def test_walking_uses_up_no_automatic_name():
    naming.reset()
    paths(Composite(name="c"))
    assert Layer().name == "layer"
