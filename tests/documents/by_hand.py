"""A dense net by hand, in NumPy and float64: the documents' forward pass, backward pass and training by SGD.

Weights are lists as `model.get_weights()` gives them: [W1, b1, W2, b2, ...]. Hidden layers are sigmoids.

Source: D0 (000_6de89d3050151039), section 2.4; the letters h, z and y_pred are its own.
"""

import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def softmax(z):
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


OUTPUTS = {  # activation, and what it makes of the slope dL/dy_pred: dL/dz
    "sigmoid": (sigmoid, lambda y_pred, slope: slope * y_pred * (1 - y_pred)),
    "softmax": (softmax, lambda y_pred, slope: y_pred * (slope - (slope * y_pred).sum(axis=-1, keepdims=True))),
}
LOSSES = {  # value of each sample, and slope dL/dy_pred
    "binary_crossentropy": (
        lambda y, y_pred: -(y * np.log(y_pred) + (1 - y) * np.log(1 - y_pred)).mean(axis=-1),
        lambda y, y_pred: (-y / y_pred + (1 - y) / (1 - y_pred)) / y.shape[-1],
    ),
    "categorical_crossentropy": (
        lambda y, y_pred: -(y * np.log(y_pred)).sum(axis=-1),
        lambda y, y_pred: -y / y_pred,
    ),
    "mse": (
        lambda y, y_pred: ((y - y_pred) ** 2).mean(axis=-1),
        lambda y, y_pred: 2 * (y_pred - y) / y.shape[-1],
    ),
}


def forward(weights, x, output="sigmoid"):
    """The output of every layer, the input first."""
    layers = list(zip(weights[::2], weights[1::2], strict=True))
    outputs = [x]
    for i, (w, b) in enumerate(layers, 1):
        activation = OUTPUTS[output][0] if i == len(layers) else sigmoid
        outputs.append(activation(outputs[-1] @ w + b))
    return outputs


def loss_of(weights, x, y, output="sigmoid", loss="binary_crossentropy"):
    """The mean loss."""
    return LOSSES[loss][0](y, forward(weights, x, output)[-1]).mean()


def backward(weights, x, y, output="sigmoid", loss="binary_crossentropy"):
    """The gradient of the mean loss, in the order of the weights. One product dL/dz is carried from layer to layer."""
    *hs, y_pred = forward(weights, x, output)
    dz = OUTPUTS[output][1](y_pred, LOSSES[loss][1](y, y_pred) / len(x))
    gradients = []
    for w, h in zip(weights[-2::-2], reversed(hs), strict=True):
        gradients = [h.T @ dz, dz.sum(axis=0), *gradients]  # dz/dW = h; dz/db = 1
        dz = (dz @ w.T) * h * (1 - h)  # of no use in the last round, where h is x
    return gradients


def train(weights, x, y, x_test, y_test, output, loss, orders, rate=0.01, batch_size=32):
    """SGD over the shuffles `orders`, one an epoch. What `fit` calls loss, val_loss, accuracy and val_accuracy."""
    weights = [w.astype(float) for w in weights]
    x, y, x_test, y_test = (a.astype(float) for a in (x, y, x_test, y_test))
    history = {"loss": [], "val_loss": [], "accuracy": [], "val_accuracy": []}
    for order in orders:
        total = hits = 0
        for start in range(0, len(x), batch_size):
            rows = order[start : start + batch_size]
            total += len(rows) * loss_of(weights, x[rows], y[rows], output, loss)
            hits += correct(weights, x[rows], y[rows], output)
            gradients = backward(weights, x[rows], y[rows], output, loss)
            weights = [w - rate * g for w, g in zip(weights, gradients, strict=True)]
        history["loss"].append(total / len(x))
        history["accuracy"].append(hits / len(x))
        history["val_loss"].append(loss_of(weights, x_test, y_test, output, loss))
        history["val_accuracy"].append(correct(weights, x_test, y_test, output) / len(x_test))
    return history, weights


def correct(weights, x, y, output):
    """How many predictions are right: above 0.5 for a sigmoid, the largest for a softmax."""
    y_pred = forward(weights, x, output)[-1]
    if output == "softmax":
        return (y_pred.argmax(axis=-1) == y.argmax(axis=-1)).sum()
    return ((y_pred > 0.5) == y).sum()
