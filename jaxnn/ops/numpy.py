"""`keras.ops.numpy`: NumPy's functions, with JAX's dtypes. This file only lists them, by family."""

from jaxnn.core import lazy

lazy.attach(__name__)  # the names stand in the stub beside this file
