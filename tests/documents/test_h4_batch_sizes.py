"""Row H4: one sample, a mini-batch, the full batch: three trajectories, and a variance that falls as 1/n.

Source: D0 (000_6de89d3050151039), section 5.3: averaging over several samples lessens the variance of the gradient.
"""

import jax
import numpy as np
import pytest

from jaxnn import Sequential, callbacks, layers, losses, optimizers, utils
from jaxnn.core import pure

N = 96
RANDOM = np.random.RandomState(0)
X = RANDOM.randn(N, 2).astype("float32")
Y = (X @ [[2.0], [-1.0]] + 0.5 + RANDOM.randn(N, 1)).astype("float32")  # the e of the document's P(x) + e
BEST = np.linalg.lstsq(np.column_stack([X, np.ones(N)]), Y, rcond=None)[0][:, 0]


def net():
    model = Sequential([layers.Input((2,)), layers.Dense(1)])
    model.set_weights([np.zeros((2, 1)), np.zeros(1)])
    model.compile(optimizer=optimizers.SGD(0.05), loss="mse")
    return model


def sample_gradients():
    """The gradient of each sample's loss, (N, 3)."""
    model = net()
    params, state = pure.take(model)

    def cost(params, x, y):
        return losses.MeanSquaredError()(y[None], model.apply(params, state, x[None])[0])

    gradients = jax.vmap(jax.grad(cost), (None, 0, 0))(params, X, Y)
    return np.concatenate([gradients[path].reshape(N, -1) for path in params], axis=1)


def test_h4_the_gradient_of_a_batch_is_the_mean_of_its_samples():
    each = sample_gradients()
    by_hand = -2 * Y * np.column_stack([X, np.ones(N)])  # at 0, d (y - w x - b)^2
    np.testing.assert_allclose(each, by_hand, rtol=1e-5, atol=1e-6)
    for rows in ([3], [0, 5, 9], range(N)):
        model = net()
        model.train_on_batch(X[list(rows)], Y[list(rows)])
        moved = np.concatenate([w.ravel() for w in model.get_weights()])
        np.testing.assert_allclose(moved, -0.05 * each[list(rows)].mean(axis=0), rtol=1e-4, atol=1e-6)


def test_h4_its_variance_falls_as_one_over_n():
    each = sample_gradients()
    variance = each.var(axis=0).sum()
    for n in (1, 4, 16, 64):
        rows = np.random.RandomState(n).randint(N, size=(4000, n))
        measured = each[rows].mean(axis=1).var(axis=0).sum()
        assert measured == pytest.approx(variance / n, rel=0.12)  # 4,000 draws: 2 to 3 % of error, the law is 1/n


@pytest.fixture(scope="module")
def trajectories():
    """(w1, w2, b) after every update of 12 epochs, by batch size."""
    paths = {}
    for size in (1, 16, N):
        utils.set_random_seed(0)
        model, path = net(), [np.zeros(3)]

        def remember(batch, logs, model=model, path=path):
            path.append(np.concatenate([w.ravel() for w in model.get_weights()]))

        watch = callbacks.LambdaCallback(on_train_batch_end=remember)
        model.fit(X, Y, epochs=12, batch_size=size, callbacks=[watch], verbose=0)
        paths[size] = np.array(path)
        assert int(model.optimizer.iterations) == len(path) - 1
    return paths


def test_h4_an_epoch_has_as_many_updates_as_batches(trajectories):
    assert {size: len(path) - 1 for size, path in trajectories.items()} == {1: 12 * N, 16: 12 * 6, N: 12}


def test_h4_the_full_batchs_path_is_gradient_descent_by_hand(trajectories):
    extended, w = np.column_stack([X, np.ones(N)]).astype(float), np.zeros(3)
    for step in trajectories[N]:
        np.testing.assert_allclose(step, w, rtol=1e-4, atol=1e-6)
        w = w - 0.05 * 2 * extended.T @ (extended @ w - Y[:, 0]) / N


def test_h4_small_batches_get_there_sooner_and_then_wander(trajectories):
    def distance(path):
        return np.linalg.norm(path - BEST, axis=1)

    after_one_epoch = [distance(trajectories[size])[N // size] for size in (16, N)]
    assert after_one_epoch[0] < 0.7 * after_one_epoch[1]
    steps = {
        size: np.linalg.norm(np.diff(path[len(path) // 2 :], axis=0), axis=1) for size, path in trajectories.items()
    }
    wander = {size: distance(path[len(path) // 2 :]).std() for size, path in trajectories.items() if size < N}
    assert wander[1] > 2 * wander[16]
    assert steps[1].mean() > 2 * steps[16].mean()
    assert (np.diff(distance(trajectories[N])) < 0).all()  # the full batch goes straight on
