"""Data to try things on: daily weather that comes with the package, and Keras's datasets, which are downloaded once."""

from jaxnn.core import lazy

lazy.attach(__name__)  # the names stand in the stub beside this file
