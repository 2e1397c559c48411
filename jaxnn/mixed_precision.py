"""`keras.mixed_precision`: the older names of the dtype policies."""

from jaxnn.core import lazy

lazy.attach(__name__)  # the names stand in the stub beside this file
