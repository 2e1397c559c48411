"""The activations: values by hand, slopes, the properties their papers promise, and how configs name them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxnn import activations
from jaxnn.core import registry
from jaxnn.core.graph import Function, KerasTensor
from jaxnn.core.variable import Variable

NAMES = [
    "relu", "relu6", "leaky_relu", "elu", "selu", "celu", "softplus", "squareplus", "sparse_plus", "silu", "gelu", "mish",
    "hard_silu", "sigmoid", "tanh", "hard_sigmoid", "sparse_sigmoid", "log_sigmoid", "hard_tanh", "softsign",
    "hard_shrink", "soft_shrink", "tanh_shrink", "softmax", "log_softmax", "sparsemax", "linear", "exponential",
]  # fmt: skip
SMOOTH = ["elu", "celu", "softplus", "squareplus", "sparse_plus", "silu", "gelu", "mish", "sigmoid", "tanh", "softsign"]


def fn(name):
    return getattr(activations, name)


# --- values by hand --------------------------------------------------------------------------------------------------

E = float(np.e)


@pytest.mark.parametrize(
    ("name", "x", "expected"),
    [
        ("relu", [-2.0, 0.0, 3.0], [0.0, 0.0, 3.0]),
        ("relu6", [-2.0, 3.0, 8.0], [0.0, 3.0, 6.0]),
        ("leaky_relu", [-2.0, 3.0], [-0.4, 3.0]),
        ("elu", [-1.0, 2.0], [1 / E - 1, 2.0]),
        ("celu", [-1.0, 2.0], [1 / E - 1, 2.0]),
        ("selu", [-1.0, 2.0], [1.0507009873554805 * 1.6732632423543772 * (1 / E - 1), 2 * 1.0507009873554805]),
        ("softplus", [0.0, 100.0], [np.log(2), 100.0]),
        ("squareplus", [0.0, 1.5], [1.0, 2.0]),
        ("sparse_plus", [-1.0, 0.0, 2.0], [0.0, 0.25, 2.0]),
        ("silu", [0.0, 1.0], [0.0, E / (1 + E)]),
        ("gelu", [0.0, 1.0], [0.0, 0.8413447]),
        ("mish", [0.0, 1.0], [0.0, np.tanh(np.log(1 + E))]),
        ("hard_silu", [-4.0, 1.0, 4.0], [0.0, 4 / 6, 4.0]),
        ("sigmoid", [0.0, np.log(3)], [0.5, 0.75]),
        ("tanh", [0.0, np.log(2)], [0.0, 0.6]),
        ("hard_sigmoid", [-3.0, 0.0, 1.5, 3.0], [0.0, 0.5, 0.75, 1.0]),
        ("sparse_sigmoid", [-2.0, 0.5, 2.0], [0.0, 0.75, 1.0]),
        ("log_sigmoid", [0.0, -100.0], [-np.log(2), -100.0]),
        ("hard_tanh", [-2.0, 0.5, 2.0], [-1.0, 0.5, 1.0]),
        ("softsign", [-1.0, 3.0], [-0.5, 0.75]),
        ("hard_shrink", [-1.0, 0.5, 0.6], [-1.0, 0.0, 0.6]),
        ("soft_shrink", [-1.0, 0.5, 0.75], [-0.5, 0.0, 0.25]),
        ("tanh_shrink", [0.0, np.log(2)], [0.0, np.log(2) - 0.6]),
        ("softmax", [0.0, np.log(3)], [0.25, 0.75]),
        ("log_softmax", [0.0, 0.0], [-np.log(2), -np.log(2)]),
        ("sparsemax", [0.0, 0.5, 2.0], [0.0, 0.0, 1.0]),
        ("sparsemax", [0.0, 0.5], [0.25, 0.75]),
        ("linear", [-1.0, 2.0], [-1.0, 2.0]),
        ("exponential", [0.0, 1.0], [1.0, E]),
    ],
)
def test_value_by_hand(name, x, expected):
    given = fn(name)(np.array(x, np.float32))
    np.testing.assert_allclose(given, np.array(expected), rtol=1e-5, atol=1e-6)  # float32 exp and tanh


def test_relu_s_options_by_hand():
    x = np.array([-10.0, -5.0, 0.0, 5.0, 10.0], np.float32)
    assert activations.relu(x, negative_slope=0.5).tolist() == [-5.0, -2.5, 0.0, 5.0, 10.0]
    assert activations.relu(x, max_value=5.0).tolist() == [0.0, 0.0, 0.0, 5.0, 5.0]
    assert activations.relu(x, threshold=5.0).tolist() == [0.0, 0.0, 0.0, 0.0, 10.0]
    assert activations.relu(x, negative_slope=0.5, threshold=5.0).tolist() == [-7.5, -5.0, -2.5, 0.0, 10.0]
    assert activations.relu(x, negative_slope=0.5, max_value=6).tolist() == [-5.0, -2.5, 0.0, 5.0, 6.0]


def test_threshold_and_glu_by_hand():
    assert activations.threshold(np.array([1.0, 2.0]), 1.5, -7.0).tolist() == [-7.0, 2.0]
    np.testing.assert_allclose(activations.glu(np.array([4.0, 0.0])), [2.0])
    np.testing.assert_allclose(activations.gelu(1.0, approximate=True), 0.841192, rtol=1e-5)


# --- slopes ----------------------------------------------------------------------------------------------------------


def test_the_slope_of_relu_at_0_is_0():
    assert jax.grad(activations.relu)(0.0) == 0.0
    assert jax.grad(activations.relu)(1e-6) == 1.0


def test_leaky_relu_still_learns_below_0():
    assert jax.grad(lambda x: activations.leaky_relu(x, negative_slope=0.3))(-5.0) == pytest.approx(0.3)


def test_the_slope_of_sigmoid_is_a_quarter_at_most():
    slopes = jax.vmap(jax.grad(activations.sigmoid))(jnp.linspace(-8.0, 8.0, 101))
    assert slopes.max() == jax.grad(activations.sigmoid)(0.0) == 0.25
    assert slopes[0] < 1e-3


def test_the_slope_of_softplus_is_the_sigmoid():
    x = jnp.linspace(-5.0, 5.0, 11)
    np.testing.assert_allclose(jax.vmap(jax.grad(activations.softplus))(x), activations.sigmoid(x), rtol=1e-5)


@pytest.mark.parametrize("name", SMOOTH)
def test_slopes_are_difference_quotients(name):
    x, step = jnp.array([-2.1, -0.4, 0.3, 1.7]), 1e-2
    slope = jax.vmap(jax.grad(fn(name)))(x)
    quotient = (fn(name)(x + step) - fn(name)(x - step)) / (2 * step)
    np.testing.assert_allclose(slope, quotient, atol=1e-4)  # step² f''' / 6, and float32 / step


# --- what the papers promise -----------------------------------------------------------------------------------------


def test_selu_keeps_mean_0_and_variance_1(key):
    x = jax.random.normal(key, (200_000,))
    y = activations.selu(x)
    assert abs(float(y.mean())) < 0.01  # three standard errors of 200,000 draws
    assert abs(float(y.var()) - 1) < 0.02


def test_softmax_is_a_distribution_and_ignores_a_shift():
    x = jnp.array([[1.0, 2.0, 3.0], [1000.0, 1001.0, 1002.0]])
    p = activations.softmax(x)
    np.testing.assert_allclose(p.sum(-1), 1.0, rtol=1e-6)
    np.testing.assert_array_equal(p[0], p[1])


def test_sparsemax_is_the_nearest_distribution(key):
    x = jax.random.normal(key, (50, 7))
    p = activations.sparsemax(x)
    np.testing.assert_allclose(p.sum(-1), 1.0, rtol=1e-6)
    others = jax.random.dirichlet(jax.random.key(1), jnp.ones(7), (50,))
    assert (((p - x) ** 2).sum(-1) <= ((others - x) ** 2).sum(-1)).all()


def test_many_shifted_sigmoids_add_up_to_softplus():
    """Hinton's stepped sigmoid units: Σ σ(x - i + 1/2) is nearly ln(1 + e^x)."""
    x = jnp.linspace(-3.0, 6.0, 19)
    total = sum(activations.sigmoid(x - i + 0.5) for i in range(1, 40))
    np.testing.assert_allclose(total, activations.softplus(x), atol=0.05)  # the sum is a midpoint rule of step 1


def test_silu_dips_to_minus_028():
    y = activations.silu(jnp.linspace(-5.0, 0.0, 5001))
    assert float(y.min()) == pytest.approx(-0.2785, abs=1e-4)


# --- symbols, Variables, dtypes --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_works_on_symbols_and_variables(name):
    values = np.array([[-1.0, 0.5, 2.0]], np.float32)
    x = KerasTensor((None, 3))
    y = fn(name)(x)
    assert (y.shape, y.dtype) == ((None, 3), "float32")
    if name == "linear":
        assert y is x
        return
    np.testing.assert_array_equal(Function(x, y)(values), fn(name)(values))
    np.testing.assert_array_equal(jnp.asarray(fn(name)(Variable(values))), fn(name)(values))


@pytest.mark.parametrize("name", NAMES)
def test_keeps_bfloat16(name):
    assert fn(name)(jnp.ones(4, "bfloat16")).dtype == "bfloat16"


# --- names -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*NAMES, "glu", "threshold"])
def test_is_found_by_its_name_and_written_as_it(name):
    assert activations.get(name) is fn(name)
    assert activations.serialize(fn(name)) == name
    assert activations.deserialize(name) is fn(name)


def test_none_is_linear_and_aliases_mean_the_same():
    assert activations.get(None) is activations.linear
    assert activations.get("swish") is activations.silu is activations.swish
    assert activations.get("hard_swish") is activations.hard_silu
    assert activations.serialize(activations.swish) == "silu"


def test_a_callable_is_taken_as_it_is():
    assert activations.get(jnp.sin) is jnp.sin
    assert activations.get(dict) is dict


def test_a_registered_function_comes_back():
    @registry.register_keras_serializable("activation_tests")
    def wave(x):
        return jnp.sin(x)

    config = activations.serialize(wave)
    assert config["config"] == "activation_tests>wave"
    assert activations.deserialize(config) is activations.get(config) is wave
    assert activations.deserialize("bump", custom_objects={"bump": wave}) is wave


@pytest.mark.parametrize("identifier", ["reluu", 3])
def test_an_unknown_name_is_told(identifier):
    with pytest.raises(ValueError, match="activation"):
        activations.get(identifier)


def test_a_misspelt_name_gets_a_hint():
    with pytest.raises(ValueError, match=r"Unknown activation: 'Rellu'\. Did you mean 'relu'\?"):
        activations.get("Rellu")


def test_what_is_no_function_is_not_serialized():
    with pytest.raises(ValueError, match="Unknown activation function '5' cannot be serialized"):
        activations.serialize(5)
