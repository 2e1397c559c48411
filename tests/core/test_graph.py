"""Symbolic tensors, shape inference, and graphs: in Keras's order, cut, copied and refused where they don't hang together."""

import copy
import pickle

import jax.numpy as jnp
import numpy as np
import pytest

import jaxnn
from jaxnn import Input, KerasTensor, Layer, layers, ops
from jaxnn.core.graph import Function, Operation, compute_output_spec, standardize_shape
from jaxnn.core.op_names import class_of, is_tensor

X = np.arange(6.0, dtype="float32").reshape(2, 3)


@pytest.mark.parametrize(
    ("shape", "error"),
    [
        (None, "Undefined shapes are not supported"),
        (3, "Cannot convert '3' to a shape"),
        ((2, -1), "Negative dimensions are not allowed"),
        ((2, "a"), "invalid dimension 'a'"),
        ((2, True), "invalid dimension 'True'"),
        ((2, 1.5), "invalid dimension '1.5'"),
    ],
)
def test_what_is_no_shape_is_refused(shape, error):
    with pytest.raises(ValueError, match=error):
        standardize_shape(shape)


def test_shapes_are_tuples_of_ints_and_none():
    assert standardize_shape([None, np.int64(3)]) == (None, 3)


@pytest.mark.parametrize(
    ("use", "error", "message"),
    [
        (np.asarray, ValueError, "doesn't have any actual numerical value. You cannot convert it to a NumPy array"),
        (int, ValueError, "doesn't have any actual numerical value. You cannot convert it to an int"),
        (float, ValueError, "doesn't have any actual numerical value. You cannot convert it to a float"),
        (jnp.asarray, ValueError, "cannot be used as input to a JAX function"),
        (lambda x: x.__tf_tensor__(), ValueError, "cannot be used as input to a TensorFlow function"),
        (iter, NotImplementedError, "Iterating over a symbolic KerasTensor is not supported"),
        (bool, TypeError, "A symbolic KerasTensor cannot be used as a boolean"),
        (len, TypeError, "A symbolic KerasTensor has no len"),
    ],
)
def test_a_symbolic_tensor_has_no_values_and_says_what_to_do(use, error, message):
    with pytest.raises(error, match=f"{message}.*use it as input of layers"):
        use(KerasTensor((None, 3)))


@pytest.mark.parametrize("name", ["shape", "dtype", "sparse", "ragged", "ragged_rank", "row_splits_dtype"])
def test_what_a_symbolic_tensor_is_stays_as_it_is(name):
    with pytest.raises(AttributeError, match=f"The `{name}` attribute of KerasTensor is immutable"):
        setattr(KerasTensor((3,)), name, None)


def test_a_tensor_is_not_sparse_and_ragged_at_once():
    with pytest.raises(ValueError, match="cannot have `sparse=True` and `ragged=True`"):
        KerasTensor((3,), sparse=True, ragged=True)


def test_operators_record_operations():
    x = Input((4,))
    y = ((x + 1) * 2 - x / 3) ** 2
    y = abs(-y) @ ops.ones((4, 5))
    mask = (y > 0) & (y != 1)
    model = jaxnn.Model(x, [y[:, 1:], mask])
    a = np.linspace(-1, 1, 8, dtype="float32").reshape(2, 4)
    expected = np.abs((a + 1) * 2 - a / 3) ** 2 @ np.ones((4, 5))
    values, flags = model(a)
    np.testing.assert_allclose(values, expected[:, 1:], rtol=1e-6)  # float32 products of four terms
    np.testing.assert_array_equal(flags, (expected > 0) & (expected != 1))
    names = [type(op).__name__ for op in model.operations]
    assert {"InputLayer", "Add", "Multiply", "TrueDivide", "GetItem"} <= set(names)


def test_equality_is_identity_so_that_tensors_can_be_looked_for():
    x, y = Input((3,)), Input((3,))
    assert (x == y) is False
    assert [x, y].index(y) == 1


# --- shape inference ---------------------------------------------------------------------------------------------------


def spec(fn, *shapes):
    out = compute_output_spec(fn, *(KerasTensor(s) for s in shapes))
    return out.shape


def test_unknown_dimensions_are_those_that_move():
    assert spec(lambda x: jnp.sum(x, 1), (None, 3, 4)) == (None, 4)
    assert spec(lambda x: x.reshape(-1, 2), (None, 4)) == (None, 2)
    assert spec(lambda x: jnp.zeros((x.shape[0], 7)), (None, 4)) == (None, 7)
    assert spec(lambda x: jnp.zeros(5), (None, 4)) == (5,)
    assert spec(lambda x, y: x @ y, (None, 3, None), (None, None, 5)) == (None, 3, 5)


def test_outputs_keep_their_structure_and_dtypes():
    out = compute_output_spec(lambda x: {"a": (x > 0, [x.astype("int8")]), "b": None, "c": 3}, KerasTensor((None, 2)))
    assert (out["a"][0].dtype, out["a"][1][0].dtype, out["b"], out["c"]) == ("bool", "int8", None, 3)


def test_nothing_moves_and_nothing_is_computed_while_shapes_are_inferred():
    class Counts(Layer):
        def build(self, shape):
            self.count = self.add_weight((), "zeros", dtype="int32", trainable=False)
            self.seed = jaxnn.random.SeedGenerator(3)

        def call(self, x):
            self.count.assign_add(1)
            return x + jaxnn.random.normal(x.shape, seed=self.seed)

    layer = Counts()
    layer(Input((3,)))
    assert int(layer.count.numpy()) == 0
    assert layer.seed.state.numpy().tolist() == [3, 0]


def test_a_call_that_cannot_be_traced_names_the_layer():
    class Looks(Layer):
        def call(self, x):
            return x if x.sum() > 0 else -x

    with pytest.raises(Exception, match="bool") as error:
        Looks(name="looks")(Input((3,)))
    assert any("Could not infer the output shape of 'looks' (of type Looks)" in note for note in error.value.__notes__)


# --- graphs ------------------------------------------------------------------------------------------------------------


def test_a_function_runs_its_graph_on_values_and_on_shapes():
    x, y = Input((3,)), Input((3,))
    function = Function([x, y], {"sum": x + y, "both": [x * y]})
    out = function([X, X])
    np.testing.assert_array_equal(out["sum"], 2 * X)
    np.testing.assert_array_equal(out["both"][0], X * X)
    assert list(out) == ["sum", "both"]
    assert function.compute_output_shape([(5, 3), (5, 3)]) == {"sum": (5, 3), "both": [(5, 3)]}
    with pytest.raises(
        ValueError, match=r"expected shape \(None, 3\), but received instead a tensor with shape \(2, 2\)"
    ):
        function([X, X[:, :2]])
    with pytest.raises(ValueError, match="invalid input structure: it has 2 inputs; got 1"):
        function([X])


def test_layers_are_ordered_by_depth_then_discovery():
    x = Input((3,), name="x")
    late = layers.Dense(3, name="late")
    early = layers.Dense(3, name="early")
    a = early(x)
    b = layers.Dense(3, name="side")(x)
    c = layers.Add(name="add")([late(a), b])
    assert [op.name for op in Function(x, c).operations] == ["x", "early", "late", "side", "add"]


def test_a_shared_layer_stands_where_it_is_deepest_and_once():
    x = Input((3,), name="x")
    shared, other = layers.Dense(3, name="shared"), layers.Dense(3, name="other")
    function = Function(x, shared(other(shared(x))))
    assert [op.name for op in function.operations] == ["x", "shared", "other"]


def test_a_deep_chain_is_no_problem():
    x = y = Input((1,))
    for _ in range(1500):
        y = y + 1
    assert Function(x, y)(np.zeros((1, 1))).item() == 1500


def test_what_hangs_in_the_air_is_refused():
    x, other = Input((3,), name="x"), Input((3,), name="other")
    with pytest.raises(ValueError, match=r"Graph disconnected.*operation 'other'.*Are all Inputs among the"):
        Function(x, x + other)
    with pytest.raises(ValueError, match=r"Graph disconnected.*Output <KerasTensor.*> is not connected to `inputs`"):
        Function(x, layers.Dense(2)(other))
    with pytest.raises(ValueError, match="`outputs` argument cannot be empty"):
        Function(x, [])
    with pytest.raises(ValueError, match='The name "twice" is used 2 times'):
        Function(x, layers.Dense(3, name="twice")(layers.Dense(3, name="twice")(x)))


def test_an_operation_must_return_tensors():
    class Wrong(Layer):
        def call(self, x):
            return "text"

    with pytest.raises(ValueError, match="All operation outputs must be tensors"):
        Wrong()(Input((3,)))


def test_a_copied_graph_is_tied_to_its_own_layers():
    x = Input((3,))
    shared = layers.Dense(3)
    model = jaxnn.Model(x, ops.relu(shared(shared(x)) * 2.0))
    expected = np.asarray(model(X))
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        own = {id(op) for op in twin.operations}
        for node in twin._graph_nodes:
            assert id(node.operation) in own
            assert any(node is n for n in node.operation._inbound_nodes)
            assert all(id(t._keras_history.operation) in own for t in node.input_tensors)
        assert jaxnn.Model(twin.input, twin.layers[1].output)(X).shape == (2, 3)
        np.testing.assert_array_equal(twin(X), expected)
        twin.layers[1].kernel.assign(np.zeros((3, 3)))
        np.testing.assert_array_equal(model(X), expected)


def test_copying_a_layer_leaves_its_graph_behind():
    x = y = Input((3,))
    for _ in range(300):  # dragging the neighbours along would overflow the stack
        y = layers.Dense(3, kernel_initializer="ones")(y)
    model = jaxnn.Model(x, y)
    alone = copy.deepcopy(model.layers[150])
    assert alone._inbound_nodes == []
    np.testing.assert_array_equal(alone.kernel.numpy(), np.ones((3, 3)))
    assert len(pickle.loads(pickle.dumps(model)).layers) == 301


# --- what Keras calls operations ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("function", "name"),
    [
        ("sum", "keras.src.ops.numpy.Sum"),
        ("relu", "keras.src.ops.nn.Relu"),
        ("expand_dims", "keras.src.ops.numpy.ExpandDims"),
        ("svd", "keras.src.ops.linalg.SVD"),
        ("logsumexp", "keras.src.ops.math.Logsumexp"),
        ("cast", "keras.src.ops.core.Cast"),
    ],
)
def test_functions_have_keras_class_names(function, name):
    assert ".".join(class_of(function)) == name


def test_settings_are_told_from_tensors():
    assert is_tensor("sum", "x")
    assert not is_tensor("sum", "axis")
    assert is_tensor("full", "fill_value")
    assert not is_tensor("squareplus", "b")
    y = ops.sum(Input((3, 4)), axis=1, keepdims=True)
    operation = y._keras_history.operation
    assert operation.get_config() == {"name": operation.name, "axis": 1, "keepdims": True}
    assert type(operation).from_config(operation.get_config())(X).tolist() == X.sum(1, keepdims=True).tolist()


def test_a_symbolic_setting_and_a_given_keyword_go_into_the_call():
    x, limit = Input((3,)), Input((3,))
    clipped = ops.clip(x, 0.0, limit)
    average = ops.average(x, weights=limit, axis=1)
    model = jaxnn.Model([x, limit], [clipped, average])
    a, b = model([X, X + 1])
    np.testing.assert_array_equal(a, X)
    np.testing.assert_allclose(b, np.average(X, 1, X + 1), rtol=1e-6)


def test_tensors_in_lists_and_star_arguments_are_found():
    x, y = Input((3,)), Input((3,))
    model = jaxnn.Model([x, y], [ops.stack([x, y], axis=1), ops.einsum("ab,ab->a", x, y)])
    a, b = model([X, X])
    np.testing.assert_array_equal(a, np.stack([X, X], 1))
    np.testing.assert_array_equal(b, (X * X).sum(1))


class Scale(Operation):
    def __init__(self, factor, shift=1.0):
        super().__init__()
        self.factor, self.shift = factor, shift

    def call(self, x):
        return self.factor * x + self.shift


def test_a_constructor_without_a_name_has_none_in_its_config():
    config = Scale(2.0).get_config()
    assert config == {"factor": 2.0, "shift": 1.0}
    assert Scale.from_config(config).get_config() == config
