"""`keras.ops.linalg`: decompositions, inverses, norms, equations. This file only lists them."""

from jaxnn.core import lazy

lazy.attach(__name__)  # the names stand in the stub beside this file
