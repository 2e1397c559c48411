"""What callbacks see of a model, without one: weights, a learning rate stored as a float32, and a switch to stop."""

import numpy as np


class Optimizer:
    def __init__(self, learning_rate=0.1, name="sgd"):
        self.name = name
        self.learning_rate = learning_rate

    @property
    def learning_rate(self):
        return self._learning_rate

    @learning_rate.setter
    def learning_rate(self, value):
        self._learning_rate = np.float32(value)


class Optimizers:
    def __init__(self, *optimizers):
        self.optimizers = optimizers


class Metric:
    def __init__(self, name, direction=None):
        self.name = name
        if direction is not None:
            self._direction = direction


class Container:
    """The compiled metrics as one."""

    name = "compile_metrics"

    def __init__(self, *metrics):
        self.metrics = metrics


class Model:
    def __init__(self, optimizer=None, metrics=()):
        self.optimizer = optimizer or Optimizer()
        self.metrics = [Metric("loss"), Container(*metrics)]
        self.stop_training = False
        self.history = None
        self.weights = [np.zeros(2)]

    def get_weights(self):
        return [w.copy() for w in self.weights]

    def set_weights(self, weights):
        self.weights = [np.array(w) for w in weights]


def train(callbacks, logs_of_epochs, model=None):
    """Runs one epoch for each of the logs, with weights equal to the epoch's number; returns the model."""
    model = model or Model()
    callbacks = callbacks if isinstance(callbacks, list) else [callbacks]
    for callback in callbacks:
        callback.set_model(model)
        callback.on_train_begin()
    for epoch, logs in enumerate(logs_of_epochs):
        for callback in callbacks:
            callback.on_epoch_begin(epoch)
        model.weights = [np.full(2, float(epoch))]
        logs = dict(logs)
        for callback in callbacks:
            callback.on_epoch_end(epoch, logs)
        if model.stop_training:
            break
    for callback in callbacks:
        callback.on_train_end(logs)
    return model
