"""Whole models in files, to Keras and from Keras: equal predictions, and training that goes on alike."""

import json
import zipfile

import keras as theirs
import numpy as np
import pytest

import jaxnn as ours

BOTH_WAYS = pytest.mark.parametrize(("writer", "reader"), [(ours, theirs), (theirs, ours)], ids=["to", "from"])
X = np.random.RandomState(0).randn(32, 6).astype("float32")
Y = np.random.RandomState(1).randn(32, 1).astype("float32")


def network(k):
    """A graph with a shared layer, a model inside, statistics and a regulariser."""
    k.utils.set_random_seed(3)
    inputs = k.Input((6,))
    shared = k.layers.Dense(6, activation="tanh", kernel_regularizer="l2", name="shared")
    x = k.layers.BatchNormalization()(shared(shared(inputs)))
    inner = k.Sequential([k.Input((6,)), k.layers.Dense(4, kernel_initializer="he_normal")], name="inner")
    x = k.layers.Concatenate()([inner(x), inputs])
    return k.Model(inputs, k.layers.Dense(1)(x), name="graph")


def fitted(model, epochs=2):
    # not shuffled: the first `fit` of a model, a loaded one too, draws from NumPy's stream once more
    return model.fit(X, Y, epochs=epochs, batch_size=8, shuffle=False, verbose=0).history


def optimizers(k):
    """One of each, with arguments that ask for every slot."""
    o = k.optimizers
    schedule = o.schedules.CosineDecay(0.1, 100, warmup_target=0.2, warmup_steps=10)
    return {
        "adadelta": o.Adadelta(0.1, rho=0.9),
        "adafactor": o.Adafactor(0.1),
        "adagrad": o.Adagrad(0.1),
        "adam": o.Adam(0.1, amsgrad=True, use_ema=True, ema_overwrite_frequency=3),
        "adamw": o.AdamW(schedule, weight_decay=0.01),
        "adamax": o.Adamax(0.1, clipnorm=1.0),
        "ftrl": o.Ftrl(0.1),
        "lamb": o.Lamb(0.1),
        "lion": o.Lion(0.1, global_clipnorm=1.0),
        "muon": o.Muon(0.1),
        "nadam": o.Nadam(0.1),
        "rmsprop": o.RMSprop(0.1, momentum=0.5, centered=True),
        "schedule_free": o.ScheduleFreeAdamW(0.1),
        "sgd": o.SGD(0.1, momentum=0.9, nesterov=True, gradient_accumulation_steps=2),
        "loss_scale": o.LossScaleOptimizer(o.Adam(0.1), initial_scale=8.0, dynamic_growth_steps=5),
        "multi": o.MultiOptimizer(o.OptimizerMap(o.SGD(0.1, momentum=0.9), {".*bias": o.Adam(0.01)})),
    }


@BOTH_WAYS
@pytest.mark.parametrize("name", optimizers(ours))
def test_every_optimizer_keeps_its_state(name, writer, reader, tmp_path):
    path = str(tmp_path / "model.keras")
    source = writer.Sequential([writer.Input((3,)), writer.layers.Dense(2), writer.layers.Dense(1)])
    source.compile(optimizers(writer)[name], "mse")
    source.optimizer.build(source.trainable_variables)
    rng = np.random.RandomState(7)
    for variable in source.optimizer.variables:  # as if it had been trained
        value = rng.randint(1, 9, variable.shape) if "int" in str(variable.dtype) else rng.rand(*variable.shape)
        variable.assign(np.asarray(value, str(variable.dtype)))
    source.save(path)
    target = reader.models.load_model(path)
    assert type(target.optimizer).__name__ == type(source.optimizer).__name__
    mine, other = target.optimizer, source.optimizer
    assert json.dumps(mine.get_config(), sort_keys=True) == json.dumps(other.get_config(), sort_keys=True)
    assert len(mine.variables) == len(other.variables)
    for a, b in zip(mine.variables, other.variables, strict=True):
        np.testing.assert_array_equal(np.asarray(a), np.asarray(b), err_msg=a.path)


@BOTH_WAYS
@pytest.mark.parametrize("ending", ["keras", "h5"])
@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
def test_training_goes_on_alike(ending, writer, reader, tmp_path):
    path = str(tmp_path / f"model.{ending}")
    source = network(writer)
    loss, metric = writer.losses.Huber(), writer.metrics.MeanAbsoluteError()
    source.compile(writer.optimizers.AdamW(0.01), loss, metrics=[metric])
    fitted(source)
    source.save(path)
    target = reader.models.load_model(path)
    # the same products in the same order, fused differently: float32 rounding
    np.testing.assert_allclose(target.predict(X, verbose=0), source.predict(X, verbose=0), rtol=1e-5, atol=1e-6)
    if ending == "h5" and reader is theirs:  # whose optimiser is built for no variables then, so that `fit` fails
        return
    histories = [fitted(model) for model in (source, target)]
    for key in ("loss", "mean_absolute_error"):
        np.testing.assert_allclose(histories[0][key], histories[1][key], rtol=2e-6)


@pytest.mark.parametrize("compiled", [True, False])
def test_the_config_is_keras_to_the_letter(compiled, tmp_path):
    configs = []
    for k in (ours, theirs):
        model = network(k)
        if compiled:
            model.compile("adam", "mse", loss_weights=[2.0], metrics=["mae", k.metrics.RootMeanSquaredError()])
        model.save(str(tmp_path / "model.keras"))
        with zipfile.ZipFile(tmp_path / "model.keras") as archive:
            configs.append(without_numbers(json.loads(archive.read("config.json"))))
    assert configs[0] == configs[1]


def without_numbers(config):
    """Shared objects have a running number here and an address there."""
    if isinstance(config, dict):
        return {key: without_numbers(value) for key, value in config.items() if key != "shared_object_id"}
    return [without_numbers(value) for value in config] if isinstance(config, list) else config


@BOTH_WAYS
def test_objects_of_a_subclass_are_found_by_their_paths(writer, reader, tmp_path):
    path = str(tmp_path / "model.weights.h5")

    def subclass(k):
        class Net(k.Model):
            def __init__(self):
                super().__init__()
                self.head = k.layers.Dense(1)
                self.blocks = [[k.layers.Dense(3), k.layers.Dense(3)], {"last": k.layers.Dense(2)}]
                self.other = k.optimizers.SGD(0.1, momentum=0.9)  # such as a GAN's second one

            def call(self, x):
                for layer in self.blocks[0]:
                    x = layer(x)
                return self.head(self.blocks[1]["last"](x))

        model = Net()
        model(X)
        model.other.build(model.trainable_variables)
        return model

    source, target = subclass(writer), subclass(reader)
    source.other.variables[-1].assign(np.full(source.other.variables[-1].shape, 4.0))
    source.save_weights(path)
    target.load_weights(path)
    for a, b in zip(source.get_weights(), target.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert set(np.asarray(target.other.variables[-1]).tolist()) == {4.0}


@BOTH_WAYS
def test_weights_in_several_files_are_exchanged(writer, reader, tmp_path):
    path = str(tmp_path / "model.weights.json")

    def wide(k):
        return k.Sequential([k.Input((6,)), k.layers.Dense(300), k.layers.Dense(4)])

    source, target = wide(writer), wide(reader)
    for _ in range(2):  # the second time other names are used here
        source.layers[0].bias.assign(np.random.rand(300))
        source.save_weights(path, max_shard_size=8 / 2**20)
        target.load_weights(path)
        for a, b in zip(source.get_weights(), target.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)


@BOTH_WAYS
def test_json_is_exchanged(writer, reader):
    source = network(writer)
    target = reader.models.model_from_json(source.to_json())
    target.set_weights(source.get_weights())
    np.testing.assert_allclose(target.predict(X, verbose=0), source.predict(X, verbose=0), rtol=1e-5, atol=1e-6)


@BOTH_WAYS
def test_bfloat16_and_mixed_precision_are_exchanged(writer, reader, tmp_path):
    path = str(tmp_path / "model.keras")
    layers = [writer.layers.Dense(3, dtype="bfloat16"), writer.layers.Dense(2, dtype="mixed_bfloat16")]
    source = writer.Sequential([writer.Input((4,)), *layers])
    source.save(path)
    target = reader.models.load_model(path)
    for a, b in zip(source.weights, target.weights, strict=True):
        assert str(a.dtype) == str(b.dtype)
        np.testing.assert_array_equal(np.asarray(a, "float32"), np.asarray(b, "float32"))
