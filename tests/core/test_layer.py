"""Layer: built once, called with training and masks, its weights in Keras's order, its mistakes in sentences."""

import copy
import pickle

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxnn import Input, KerasTensor, Layer, Model, Sequential, layers, metrics, ops

X = np.arange(6.0, dtype="float32").reshape(2, 3)


class Scale(Layer):
    """A layer as a user writes it."""

    def __init__(self, start=1.0, **kwargs):
        super().__init__(**kwargs)
        self.start = start

    def build(self, input_shape):
        self.gain = self.add_weight((input_shape[-1],), "ones", name="gain")
        self.calls = self.add_weight((), "zeros", dtype="int32", trainable=False, name="calls")

    def call(self, x):
        return x * self.gain * self.start


# --- building ----------------------------------------------------------------------------------------------------------


def test_a_layer_is_built_by_its_first_input_and_once():
    shapes = []

    class Counts(Scale):
        def build(self, input_shape):
            shapes.append(input_shape)
            super().build(input_shape)

    layer = Counts()
    assert not layer.built
    for x in (X, X[:1], Input((3,))):
        layer(x)
    assert shapes == [(2, 3)]
    assert layer.built


def test_build_takes_shapes_by_the_names_of_the_inputs():
    class Pair(Layer):
        def build(self, left_shape, right_shape):
            self.seen = (left_shape, right_shape)

        def call(self, left, right):
            return left @ right

    layer = Pair()
    layer(X, right=X.T)
    assert layer.seen == ((2, 3), (3, 2))
    twin = Pair()
    twin.build_from_config(layer.get_build_config())
    assert (twin.seen, twin.built) == (layer.seen, True)

    class Wrong(Layer):
        def build(self, left, right):
            pass

        def call(self, left, right):
            return left

    with pytest.raises(ValueError, match=r"`_shape` suffix.*For layer 'Wrong', received `build\(\)` argument `left`"):
        Wrong()(X, X)


def test_sublayers_without_a_build_are_built_by_running_call():
    class Block(Layer):
        def __init__(self):
            super().__init__()
            self.first, self.rest = layers.Dense(4), [layers.Dense(2), {"k": layers.Dense(1)}]

        def call(self, x):
            return self.rest[1]["k"](self.rest[0](self.first(x)))

    block = Block()
    assert block(Input((3,))).shape == (None, 1)
    assert [w.shape for w in block.weights] == [(3, 4), (4,), (4, 2), (2,), (2, 1), (1,)]


def test_super_must_be_called_first():
    class Forgets(Layer):
        def __init__(self):
            self.x = 1

    with pytest.raises(RuntimeError, match=r"In layer 'Forgets', you forgot to call `super\(\).__init__\(\)`"):
        Forgets()(X)


def test_unknown_arguments_are_named():
    with pytest.raises(ValueError, match=r"Unrecognized keyword arguments passed to Dense: {'unit': 3}"):
        layers.Dense(3, unit=3)
    with pytest.raises(ValueError, match="Expected `trainable` to be a boolean"):
        layers.Dense(3, trainable="yes")


def test_build_may_call_the_build_of_its_parent():
    class Child(Scale):
        def build(self, input_shape):
            super().build(input_shape)
            self.offset = self.add_weight((3,), "zeros", name="offset")

        def call(self, x):
            return super().call(x) + self.offset

    child = Child()
    child(X)
    assert [w.path for w in child.weights] == ["child/gain", "child/offset", "child/calls"]


# --- calling -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [np.asarray, jnp.asarray, lambda x: x.astype("float64"), lambda x: x.astype("int32")])
def test_inputs_of_any_kind_come_in_the_compute_dtype_if_they_are_floats(kind):
    class Shows(Layer):
        def call(self, x):
            self.seen = x
            return x

    layer = Shows()
    layer(kind(X))
    assert isinstance(layer.seen, jax.Array)
    assert layer.seen.dtype == ("int32" if kind(X).dtype == "int32" else "float32")


@pytest.mark.parametrize("positional", [3.0, "text", [1, 2], object()])
def test_only_tensors_come_by_position(positional):
    with pytest.raises(ValueError, match="Only input tensors may be passed as positional arguments"):
        Scale()(X, positional)


def test_tensors_and_other_things_don_t_mix_in_one_argument():
    class First(Layer):
        def call(self, x, options=None):
            return x

    with pytest.raises(ValueError, match="you cannot mix tensors and non-tensors"):
        First()(X, options=[X, 3])
    First()(X, options={"mode": "fast"})


class Spy(Layer):
    """Remembers the `training` and `mask` it was called with."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.seen = []
        self.supports_masking = True

    def call(self, x, training=None, mask=None):
        self.seen.append(training)
        return x


class Outer(Layer):
    def __init__(self, **inner):
        super().__init__()
        self.spy, self.inner = Spy(), inner

    def call(self, x):
        return self.spy(x, **self.inner)


@pytest.mark.parametrize(
    ("inner", "given", "seen"),
    [
        ({}, {}, None),
        ({}, {"training": True}, True),
        ({}, {"training": False}, False),
        ({"training": True}, {"training": False}, True),
        ({"training": None}, {"training": True}, None),  # said, though it says nothing: as in Keras
    ],
)
def test_training_reaches_inner_layers_unless_they_are_told_otherwise(inner, given, seen):
    outer = Outer(**inner)
    outer(X, **given)
    assert outer.spy.seen[-1] is seen


def test_a_default_of_training_counts_where_nobody_says():
    class Trains(Spy):
        def call(self, x, training=True):
            self.seen.append(training)
            return x

    layer = Trains()
    layer(X)
    layer(X, training=False)
    assert layer.seen == [True, False]


def test_an_error_keeps_its_class_and_says_where_it_arose():
    class Breaks(Layer):
        def call(self, x):
            raise KeyError("lost")

    model = Sequential([layers.Dense(2), Sequential([Breaks(name="breaks")], name="inner")], name="outer")
    with pytest.raises(KeyError, match="lost") as error:
        model(X)
    assert "in 'outer/inner/breaks' (Breaks), given f32[2,2]" in error.value.__notes__


def test_a_layer_without_a_call_says_so():
    with pytest.raises(NotImplementedError, match="Layer Layer does not have a `call` method implemented"):
        Layer()(X)


# --- shapes ------------------------------------------------------------------------------------------------------------


def test_the_output_is_inferred_by_tracing_or_told():
    class Told(Layer):
        def call(self, x):
            return np.asarray(x)  # can't be traced

        def compute_output_shape(self, input_shape):
            return (input_shape[0], 7)

    assert Told()(Input((3,))).shape == (None, 7)
    layer = Scale(dtype="float16")
    layer.build((None, 3))
    assert layer.compute_output_shape((None, 3)) == (None, 3)
    spec = layer.compute_output_spec(KerasTensor((None, 3), dtype="float16"))
    assert (spec.shape, spec.dtype) == ((None, 3), "float16")


# --- weights -----------------------------------------------------------------------------------------------------------


def test_weights_come_trainable_first_then_the_layers_inside():
    class Block(Scale):
        def __init__(self):
            super().__init__(name="block")
            self.inner = layers.BatchNormalization(name="bn")

        def build(self, input_shape):
            self.inner.build(input_shape)
            super().build(input_shape)

        def call(self, x):
            return self.inner(super().call(x))

    block = Block()
    block(X)
    assert [w.path for w in block.weights] == [
        "block/gain", "block/calls", "block/bn/gamma", "block/bn/beta", "block/bn/moving_mean",
        "block/bn/moving_variance",
    ]  # fmt: skip
    assert block.count_params() == 3 + 1 + 12


def test_add_weight_has_keras_defaults():
    layer = Layer(dtype="mixed_float16")
    plain = layer.add_weight()
    counter = layer.add_weight((2,), dtype="int32")
    kernel = layer.add_weight(shape=(2, 3), regularizer="l2", constraint="non_neg", name="kernel")
    assert (plain.shape, plain.dtype, counter.numpy().tolist()) == ((), "float32", [0, 0])
    assert float(np.abs(kernel.numpy()).max()) > 0
    assert kernel.regularizer.l2 == pytest.approx(0.01)
    assert [float(loss) for loss in layer.losses] == [
        pytest.approx(0.01 * float((kernel.numpy() ** 2).sum()), rel=1e-6)
    ]
    with pytest.raises(ValueError, match="`name` must be passed as a keyword argument"):
        layer.add_weight("kernel", (2, 3))


def test_set_weights_checks_number_and_shapes():
    dense = layers.Dense(2, name="d")
    dense.build((None, 3))
    with pytest.raises(ValueError, match="layer 'd' with a weight list of length 1, but the layer was expecting 2"):
        dense.set_weights([np.ones((3, 2))])
    with pytest.raises(ValueError, match=r"Layer d weight shape \(3, 2\) is not compatible .* \(2, 2\)"):
        dense.set_weights([np.ones((2, 2)), np.ones(2)])
    dense.set_weights([np.ones((3, 2)), np.ones(2)])
    dense.get_weights()[0][:] = 5
    np.testing.assert_array_equal(dense.get_weights()[0], np.ones((3, 2)))
    with pytest.raises(ValueError, match="isn't built"):
        layers.Dense(2).count_params()


def test_freezing_reaches_all_inside_and_thaws_again():
    model = Sequential([Input((3,)), layers.Dense(2), Sequential([layers.BatchNormalization(), Scale()])])
    assert (len(model.trainable_weights), len(model.non_trainable_weights)) == (5, 3)
    model.trainable = False
    assert (len(model.trainable_weights), len(model.non_trainable_weights)) == (0, 8)
    assert not model.layers[1].layers[0].trainable
    model.trainable = True
    model.layers[1].trainable = False
    assert [w.name for w in model.trainable_weights] == ["kernel", "bias"]
    model.layers[0].bias.trainable = False
    assert [w.name for w in model.trainable_weights] == ["kernel"]


def test_a_layer_born_frozen_has_frozen_weights():
    dense = layers.Dense(2, trainable=False)
    dense.build((None, 3))
    assert dense.trainable_weights == []
    assert not dense.kernel.trainable
    assert dense.get_config()["trainable"] is False


# --- dtypes ------------------------------------------------------------------------------------------------------------


class Dtypes(Layer):
    def build(self, input_shape):
        self.weight = self.add_weight((3,), "ones")
        self.fixed = self.add_weight((3,), "ones", autocast=False)

    def call(self, x):
        self.seen = [str(v.dtype) for v in (x, self.weight, self.fixed)]
        return x * self.weight


@pytest.mark.parametrize(
    ("policy", "stored", "seen"),
    [
        ("float32", "float32", ["float32", "float32", "float32"]),
        ("mixed_bfloat16", "float32", ["bfloat16", "bfloat16", "float32"]),
        ("float16", "float16", ["float16", "float16", "float16"]),
    ],
)
def test_a_policy_rules_inputs_weights_and_outputs(policy, stored, seen):
    layer = Dtypes(dtype=policy)
    y = layer(X)
    assert layer.seen == seen
    assert (layer.weight.dtype, y.dtype, layer.compute_dtype) == (stored, seen[0], seen[0])


def test_each_layer_casts_for_itself_inside_another():
    class Around(Layer):
        def __init__(self, inner, **kwargs):
            super().__init__(**kwargs)
            self.inner = inner

        def call(self, x):
            return self.inner(x)

    inner = Dtypes(dtype="float32")
    assert Around(inner, dtype="mixed_bfloat16")(X).dtype == "float32"
    assert inner.seen == ["float32", "float32", "float32"]


# --- losses and metrics ------------------------------------------------------------------------------------------------


class Penalised(Layer):
    def call(self, x):
        self.add_loss(ops.sum(x))
        self.add_loss([ops.mean(x), ops.max(x)])
        return x


def test_losses_are_those_of_the_last_outermost_call():
    layer = Penalised()
    layer(X)
    layer(X)
    assert [float(loss) for loss in layer.losses] == [15.0, 2.5, 5.0]
    outer = Sequential([Input((3,)), layer, layers.Dense(1, kernel_initializer="ones", kernel_regularizer="l1"), layer])
    outer(np.ones((1, 3), "float32"))
    assert [float(loss) for loss in outer.losses] == pytest.approx([3, 1, 1, 3, 3, 3, 0.03])
    with pytest.raises(ValueError, match=r"`add_loss\(\)` can only be called from inside"):
        layer.add_loss("much")


def test_an_activity_penalty_is_divided_by_the_batch():
    layer = layers.Dense(2, kernel_initializer="ones", activity_regularizer="l1")
    y = layer(X)
    assert [float(loss) for loss in layer.losses] == pytest.approx([0.01 * float(jnp.abs(y).sum()) / 2])
    layer(X[:0])  # an empty batch has none


def test_metrics_of_layers_are_found_and_updated_in_call():
    class Measures(Layer):
        def __init__(self):
            super().__init__()
            self.mean = metrics.Mean(name="mean_input")

        def call(self, x):
            self.mean.update_state(ops.mean(x))
            return x

    model = Sequential([Input((3,)), Measures()])
    model(X)
    model(X + 2)
    assert [m.name for m in model.metrics] == ["mean_input"]
    assert float(model.metrics[0].result()) == 3.5
    assert model.weights == []


# --- configs and copies ------------------------------------------------------------------------------------------------


def test_a_users_class_gets_its_config_from_its_plain_arguments():
    layer = Scale(2.0, name="s", trainable=False)
    config = layer.get_config()
    assert config == {
        "name": "s", "start": 2.0, "trainable": False,
        "dtype": {"module": "keras", "class_name": "DTypePolicy", "config": {"name": "float32"}, "registered_name": None},
    }  # fmt: skip
    assert Scale.from_config(config).start == 2.0


@pytest.mark.parametrize("base", [Layer, Model])
def test_arguments_that_are_no_plain_data_need_a_get_config(base):
    class Holds(base):
        def __init__(self, layer):
            super().__init__()
            self.layer = layer

    with pytest.raises(NotImplementedError, match="the argument `layer`, which is not plain data"):
        Holds(layers.Dense(1)).get_config()


def test_from_config_says_what_the_constructor_refused():
    with pytest.raises(TypeError, match=r"Error when deserializing class 'Dense' using config=.*unit"):
        layers.Dense.from_config({"unit": 3})


def test_copies_and_pickles_go_their_own_way():
    layer = layers.BatchNormalization()
    layer(X, training=True)
    for twin in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        np.testing.assert_array_equal(twin.moving_mean, layer.moving_mean)
        before = layer.moving_mean.numpy()
        twin(X, training=True)
        assert not np.array_equal(twin.moving_mean, before)
        np.testing.assert_array_equal(layer.moving_mean, before)
        assert twin.weights[0] is twin.gamma
