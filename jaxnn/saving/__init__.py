"""`keras.saving`: models and weights in files, and the names that configs may carry."""

from jaxnn.core import lazy

lazy.attach(__name__)  # the names stand in the stub beside this file
