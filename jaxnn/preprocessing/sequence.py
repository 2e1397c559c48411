"""`keras.preprocessing.sequence`: padding, windows of a series, pairs of words."""

from jaxnn.core import lazy

lazy.attach(__name__)  # the names stand in the stub beside this file
