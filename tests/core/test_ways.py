import jax
import jax.numpy as jnp
import pytest

from jaxnn import ops
from jaxnn.core.ways import Ways, ways


def primitives(f, *args):
    """The names of all primitives in a function's jaxpr, inner ones included."""
    found = set()

    def visit(jaxpr):
        for equation in jaxpr.eqns:
            found.add(equation.primitive.name)
            for inner in jax.tree.leaves(equation.params, is_leaf=lambda p: hasattr(p, "jaxpr") or hasattr(p, "eqns")):
                inner = getattr(inner, "jaxpr", inner)
                if hasattr(inner, "eqns"):
                    visit(inner)

    visit(jax.make_jaxpr(f)(*args).jaxpr)
    return found


@pytest.fixture
def elsewhere(monkeypatch):
    """As if on a platform whose own convolutions and windows are the fastest."""
    other = ways("gpu")
    for module in ("convolution_ways", "pooling"):
        monkeypatch.setattr(f"jaxnn.ops.{module}.ways", lambda _: other, raising=True)


def test_every_platform_has_its_ways():
    assert ways("cpu")._fields == Ways._fields
    assert ways("gpu") == ways("tpu") != ways("cpu")


IMAGES, KERNEL = jnp.ones((2, 6, 6, 3)), jnp.ones((3, 3, 3, 4))


def network(x, kernel):
    return jnp.sum(ops.max_pool(ops.conv(x, kernel), 2))


def test_a_gradient_on_a_cpu_needs_no_convolution_and_no_scatter():
    found = primitives(jax.grad(network, argnums=(0, 1)), IMAGES, KERNEL)
    assert "dot_general" in found
    assert not found & {"conv_general_dilated", "select_and_scatter_add", "scatter-add"}


def test_what_is_not_differentiated_stays_a_convolution():
    x = jax.make_jaxpr(jax.jit(ops.conv))(IMAGES, KERNEL)
    assert "conv_general_dilated" in str(x)


def test_the_ways_of_another_platform_give_the_same_numbers(elsewhere, request):
    theirs = jax.grad(network, argnums=(0, 1))(IMAGES, KERNEL)
    assert "conv_general_dilated" in primitives(jax.grad(network, argnums=(0, 1)), IMAGES, KERNEL)
    request.getfixturevalue("monkeypatch").undo()
    ours = jax.grad(network, argnums=(0, 1))(IMAGES, KERNEL)
    for a, b in zip(ours, theirs, strict=True):
        assert jnp.allclose(a, b, rtol=1e-5)  # whole numbers, but sums of 32 bits
