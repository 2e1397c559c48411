"""Optimisers: how gradients move weights. Keras's, with its numbers; and any of optax's."""

from jaxnn.core import lazy

lazy.attach(__name__)  # the names stand in the stub beside this file
