"""`keras.preprocessing.image`: loading, saving and augmenting images on the host."""

from jaxnn.core import lazy

lazy.attach(__name__)  # the names stand in the stub beside this file
