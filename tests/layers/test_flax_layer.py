import flax.linen
import jax
import numpy as np

from jaxnn import Sequential, layers


class Block(flax.linen.Module):
    @flax.linen.compact
    def __call__(self, inputs, training):
        x = flax.linen.BatchNorm(use_running_average=not training, momentum=0.5)(inputs)
        x = flax.linen.Dense(4)(x)
        return flax.linen.Dropout(0.5, deterministic=not training)(x)


def backwards(module, inputs):
    return module(inputs[:, ::-1])


def test_parameters_state_and_dropout_are_the_modules_own():
    layer = layers.FlaxLayer(Block(), name="flax")
    x = np.random.default_rng(0).normal(size=(6, 3)).astype("float32")
    y = layer(x, training=True)
    assert (np.asarray(y) == 0).any()
    assert [w.path.removeprefix("flax/params_") for w in layer.trainable_weights] == [
        "BatchNorm_0_bias",
        "BatchNorm_0_scale",
        "Dense_0_bias",
        "Dense_0_kernel",
    ]
    mean = layer.state["batch_stats"]["BatchNorm_0"]["mean"]
    np.testing.assert_allclose(mean.numpy(), 0.5 * x.mean(0), atol=1e-6)
    np.testing.assert_array_equal(layer(x), layer(x))


def test_it_is_the_module(key):
    module = flax.linen.Dense(4)
    x = jax.random.normal(key, (6, 3))
    variables = module.init(key, x)
    np.testing.assert_array_equal(layers.FlaxLayer(module, variables=variables)(x), module.apply(variables, x))
    turned = layers.FlaxLayer(module, method=backwards, variables=variables)
    np.testing.assert_array_equal(turned(x), module.apply(variables, x[:, ::-1]))


class TwoWays(flax.linen.Module):
    def setup(self):
        self.dense = flax.linen.Dense(2)

    def back(self, inputs):
        return self.dense(inputs[:, ::-1])

    def get_config(self):
        return {}

    @classmethod
    def from_config(cls, config):
        return cls(**config)


def test_a_method_of_the_module_is_in_the_config_by_name():
    layer = layers.FlaxLayer(TwoWays(), method=TwoWays().back)
    config = layer.get_config()
    assert config["method"] == "back"
    again = layers.FlaxLayer.from_config(config, custom_objects={"TwoWays": TwoWays})
    x = np.ones((2, 3), "float32")
    layer(x), again(x)
    again.set_weights(layer.get_weights())
    np.testing.assert_array_equal(again(x), layer(x))


def test_it_trains_in_a_model():
    x = np.random.default_rng(0).normal(size=(64, 3)).astype("float32")
    model = Sequential([layers.Input((3,)), layers.FlaxLayer(Block()), layers.Dense(1)])
    model.compile("sgd", "mse")
    losses = model.fit(x, x[:, :1], epochs=3, batch_size=16, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
