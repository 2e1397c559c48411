"""What holds for every operation: eager = compiled = the symbolic shape, and every public name has an example."""

import functools
import operator
import types

import jax
import numpy as np
import pytest

from jaxnn import ops
from jaxnn.core.graph import Function, KerasTensor
from jaxnn.core.variable import Variable
from tests.ops.cases import CASES, FAMILIES, example, fill, ids

NOT_ON_ARRAYS = {
    "convert_to_numpy",
    "custom_gradient",
    "dtype",
    "is_tensor",
    "name_scope",
    "ndim",
    "shape",
    "vectorize",
}


def call(case, args, kwargs):
    return operator.attrgetter(case.name)(ops)(*args, **kwargs)


@functools.cache
def eager(index):
    """The leaves of a case's result, computed once for all tests."""
    args, kwargs = example(CASES[index])
    return jax.tree.leaves(call(CASES[index], args, kwargs))


@functools.cache
def compiled(family):
    """The results of a family's cases, from one compiled program (one for each case would take a minute)."""
    cases = [case for case in FAMILIES[family] if case.jit]

    def draw(case):
        arrays = []
        rng = np.random.default_rng(0)
        fill((case.args, case.kwargs), lambda drawn: arrays.append(drawn.draw(rng)))
        return arrays

    def run(arrays):
        results = []
        for case, values in zip(cases, arrays, strict=True):
            values = iter(values)
            args, kwargs = fill((case.args, case.kwargs), lambda _, values=values: next(values))
            results.append(call(case, args, kwargs))
        return results

    return dict(zip(map(id, cases), jax.jit(run)([draw(case) for case in cases]), strict=True))


def family_of(case):
    return next(i for i, family in enumerate(FAMILIES) if any(case is other for other in family))


def result(index):
    """The leaves of a case's result by the cheaper way: a family's program is compiled once."""
    case = CASES[index]
    return jax.tree.leaves(compiled(family_of(case))[id(case)]) if case.jit else eager(index)


ONE_EACH = {case.name: index for index, case in reversed(list(enumerate(CASES))) if case.jit}


@pytest.mark.parametrize("name", ONE_EACH)
def test_eager_and_compiled_agree(name):
    """For one case of every operation; tests/parity runs the others eagerly."""
    index = ONE_EACH[name]
    for a, b in zip(eager(index), result(index), strict=True):
        assert np.shape(a) == np.shape(b)
        # XLA may fuse a product and a sum into one rounding where eager operations round twice
        kind = complex if np.iscomplexobj(a) else float
        np.testing.assert_allclose(np.asarray(a, kind), np.asarray(b, kind), rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize("batch", ["known", "unknown"])
@pytest.mark.parametrize("index", range(len(CASES)), ids=ids(CASES))
def test_symbolic_shapes_are_the_real_ones(index, batch):
    case, symbols = CASES[index], []
    if batch == "unknown" and not case.batch:
        pytest.skip("an unknown batch makes no sense")

    def symbol(drawn):
        symbols.append(KerasTensor(drawn.shape(batch), drawn.dtype))
        return symbols[-1]

    specs = jax.tree.leaves(call(case, *fill((case.args, case.kwargs), symbol)))
    if not symbols:
        return
    for real, spec in zip(result(index), specs, strict=True):
        expected = np.shape(real)
        assert len(spec.shape) == len(expected)
        assert all(d == e or (d is None and not exact(case, batch)) for d, e in zip(spec.shape, expected, strict=True))
        assert spec.dtype == str(np.asarray(real).dtype).replace("int64", "int32")  # `size` is a Python int


def exact(case, batch):
    return batch == "known" and case.jit


def test_every_public_function_has_an_example():
    public = {n for n in dir(ops) if not n.startswith("_") and isinstance(getattr(ops, n), types.FunctionType)}
    public |= {f"image.{name}" for name in ops.image.__all__}
    assert public - NOT_ON_ARRAYS == {case.name for case in CASES}


def test_a_recorded_graph_computes_what_the_functions_compute():
    x = KerasTensor((None, 4))
    function = Function(x, ops.softmax(2 * ops.square(x[:, :2]) - 1 / (1 + abs(x[:, 2:])), axis=-1))
    values = np.array([[1.0, 2.0, -3.0, 0.0]], np.float32)

    scores = 2 * values[:, :2] ** 2 - 1 / (1 + abs(values[:, 2:]))
    expected = np.exp(scores) / np.exp(scores).sum()

    np.testing.assert_allclose(function(values), expected, rtol=1e-6)  # a handful of float32 roundings


def test_nodes_have_keras_names():
    x = KerasTensor((None, 4), name="x")
    made = {"subtract": 1 - x, "true_divide": x / 2, "get_item": x[0], "argmax": ops.argmax(x), "logical_not": ~(x > 0)}
    for name, tensor in made.items():
        assert tensor._keras_history.operation.name.startswith(name)


def test_operations_take_variables():
    kernel = Variable(np.eye(2, dtype=np.float32))
    np.testing.assert_array_equal(ops.matmul([[1.0, 2.0]], kernel), [[1.0, 2.0]])
    np.testing.assert_array_equal(ops.concatenate([kernel, kernel], axis=1)[0], [1.0, 0.0, 1.0, 0.0])
    graph = Function(x := KerasTensor((None, 2)), ops.matmul(x, kernel))
    np.testing.assert_array_equal(graph(np.array([[1.0, 2.0]], np.float32)), [[1.0, 2.0]])


def test_numpy_input_is_copied():
    given = np.zeros(16, np.float32)
    taken = ops.convert_to_tensor(given)
    given[0] = 1.0
    assert taken[0] == 0.0
