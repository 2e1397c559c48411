"""Initializers: what a weight holds before training. An initializer is a function of a shape and a dtype.

A random initializer gets its seed when it is made, as in Keras: `seed=None` draws one from Python's `random`, and from
then on the initializer gives the same values for the same shape, at each call. The values are computed on the host
(`threefry.py`), so that building a model compiles nothing. Inside a scope that has a key (`layer.init(key, ...)`), they
are drawn from that key by JAX, and so may be traced: `jax.vmap(init)(keys)` starts an ensemble.

Source: https://keras.io/api/layers/initializers/
"""

from jaxnn.core import lazy

lazy.attach(__name__)  # the names stand in the stub beside this file
