"""Several optimisers for one model, and Muon's choice between two."""

import pickle

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxnn import optimizers
from jaxnn.core.naming import name_scope
from jaxnn.core.variable import Variable
from jaxnn.optimizers import SGD, Adam, LossScaleOptimizer, MultiOptimizer, Muon, OptimizerMap


def variables():
    with name_scope("body"):
        body = Variable([1.0], name="kernel")
    with name_scope("head"):
        head = Variable([1.0], name="kernel")
    return [body, head]


def build(**kwargs):
    return MultiOptimizer(OptimizerMap(SGD(0.5), {"head/.*": SGD(0.25, use_ema=True)}), **kwargs)


def test_each_variable_moves_by_its_own_optimizer():
    w, optimizer = variables(), build()
    optimizer.apply([jnp.ones(1), jnp.ones(1)], w)
    assert (w[0].numpy(), w[1].numpy()) == ([0.5], [0.75])
    assert [int(member.iterations) for member in optimizer.optimizers] == [1, 1]
    optimizer.apply([jnp.ones(1)], w[1:])
    assert (w[0].numpy(), w[1].numpy()) == ([0.5], [0.5])


def test_the_pure_form_runs_compiled():
    w, optimizer = variables(), build()
    optimizer.build(w)
    slots = [v.value for v in optimizer.variables]
    moved, _ = jax.jit(optimizer.stateless_apply)(slots, [jnp.ones(1)] * 2, [v.value for v in w])
    assert [float(x[0]) for x in moved] == [0.5, 0.75]


def test_averages_are_the_members():
    w, optimizer = variables(), build()
    for _ in range(2):
        optimizer.apply([jnp.ones(1)] * 2, w)
    optimizer.finalize_variable_values(w)
    assert w[0].numpy() == [0.0]
    np.testing.assert_allclose(w[1].numpy(), 0.99 * 0.75 + 0.01 * 0.5, rtol=1e-6)


def test_the_loss_scale_is_every_members():
    w, optimizer = variables(), build(loss_scale_factor=4.0)
    assert optimizer.scale_loss(1.0) == 4.0
    optimizer.apply([jnp.ones(1)] * 2, w)
    assert w[0].numpy() == [0.875]
    LossScaleOptimizer(optimizer)
    assert [member.loss_scale_factor for member in optimizer.optimizers] == [None, None]


def test_a_function_may_choose():
    slow, fast = SGD(0.25), SGD(0.5)
    w, optimizer = variables(), MultiOptimizer(lambda v: fast if v.path.startswith("body") else slow)
    optimizer.apply([jnp.ones(1)] * 2, w)
    assert (w[0].numpy(), w[1].numpy()) == ([0.5], [0.75])


def test_it_has_no_learning_rate():
    optimizer = build()
    with pytest.raises(AttributeError, match="cannot be accessed on a MultiOptimizer"):
        _ = optimizer.learning_rate
    with pytest.raises(AttributeError, match="cannot be set on a MultiOptimizer"):
        optimizer.learning_rate = 0.1


def test_maps_find_paths_first_and_then_whole_patterns():
    a, b, default = SGD(), SGD(), SGD()
    members = OptimizerMap(default, {"x/.*": a})
    members["x/y"] = b
    assert (members["x/y"], members["x/z"], members["ax/z"]) == (b, a, default)
    members[".*z"] = b
    with pytest.raises(ValueError, match="Multiple optimizers assigned to variable x/z"):
        members["x/z"]
    with pytest.raises(ValueError, match="already exists"):
        members["x/y"] = a
    with pytest.raises(ValueError, match="cannot be LossScaleOptimizer"):
        members["q"] = LossScaleOptimizer(SGD())
    with pytest.raises(ValueError, match="not an Optimizer instance"):
        members["q"] = "sgd"
    with pytest.raises(TypeError, match="default_optimizer must be"):
        OptimizerMap("sgd")
    assert list(members) == ["x/.*", "x/y", ".*z"]


def test_it_comes_back_from_its_config():
    optimizer = build()
    again = optimizers.deserialize(optimizers.serialize(optimizer))
    assert again.get_config() == optimizer.get_config()
    assert len(again.optimizers) == 2


def test_muon_moves_matrices_and_leaves_the_rest_to_adamw():
    optimizer = Muon(0.1, exclude_layers=["head"], weight_decay=None, adam_weight_decay=None)
    kernel, bias = Variable(np.eye(2), name="kernel"), Variable(np.zeros(2), name="bias")
    head, table = Variable(np.eye(2), name="head"), Variable(np.eye(2), name="embeddings")
    w = [kernel, bias, head, table]
    adam = Adam(0.1)
    twins = [Variable(v.numpy(), name=v.name) for v in w[1:]]
    grads = [np.array([[3.0, 1.0], [0.0, 2.0]]), np.ones(2), np.ones((2, 2)), np.ones((2, 2))]
    optimizer.apply(grads, w)
    adam.apply(grads[1:], twins)
    for a, b in zip(w[1:], twins, strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())
    singular = np.linalg.svd(kernel.numpy() - np.eye(2), compute_uv=False)
    np.testing.assert_allclose(singular, 0.1 * np.sqrt(2) * 0.2, rtol=0.35)
    names = [v.name for v in optimizer.variables[2:]]
    assert names == [
        "kernel_momentum",
        *(f"{n}_{s}" for n in ("bias", "head", "embeddings") for s in ("momentum", "velocity")),
    ]


def test_muon_decays_its_two_kinds_of_variables_by_their_own_rates():
    optimizer = Muon(1.0, weight_decay=0.5, adam_weight_decay=0.25)
    w = [Variable(np.eye(2), name="kernel"), Variable(np.ones(2), name="bias")]
    optimizer.apply([np.zeros((2, 2)), np.zeros(2)], w)
    np.testing.assert_array_equal(w[0].numpy(), 0.5 * np.eye(2))
    np.testing.assert_array_equal(w[1].numpy(), [0.75, 0.75])
    assert Muon.from_config(optimizer.get_config()).get_config() == optimizer.get_config()


def test_muons_direction_is_nearly_orthogonal_and_its_length_like_adams():
    optimizer, x = Muon(), np.random.default_rng(0).normal(size=(6, 3))
    singular = np.linalg.svd(optimizer.zeropower_via_newtonschulz5(x, 5), compute_uv=False)
    assert (singular > 0.6).all()
    assert (singular < 1.3).all()
    np.testing.assert_allclose(optimizer.lr_adjust(np.ones((4, 2))), np.full((4, 2), 0.4), rtol=1e-6)  # 0.2 sqrt(4)
    np.testing.assert_array_equal(Muon(rms_rate=None).lr_adjust(x), np.float32(x))
    with pytest.raises(ValueError, match=r"at least 2 dimensions. Received: shape=\(3,\)"):
        optimizer.zeropower_via_newtonschulz5(np.ones(3), 5)


def test_a_muon_of_ones_own_may_take_another_direction():
    class Plain(Muon):
        def zeropower_via_newtonschulz5(self, x, steps):
            return x

    w = Variable(np.ones((2, 2)), name="kernel")
    Plain(0.5, rms_rate=None, weight_decay=None, momentum=0.0).apply([np.ones((2, 2))], [w])
    np.testing.assert_allclose(w.numpy(), 0.5 * np.ones((2, 2)))


def test_a_pickled_multi_optimizer_still_knows_whose_variables_are_whose():
    kernel, bias = Variable([1.0], name="kernel"), Variable([1.0], name="bias")
    optimizer = MultiOptimizer(OptimizerMap(SGD(0.5), {"bias": SGD(0.25)}))
    optimizer.build([kernel, bias])
    twin = pickle.loads(pickle.dumps(optimizer))
    twin.apply([np.ones(1), np.ones(1)])
    assert [float(v.numpy()[0]) for v in twin._trainable_variables] == [0.5, 0.75]
    assert kernel.numpy()[0] == 1.0
