"""The layers. One family a file; each says its equation, its shapes and where it comes from."""

from jaxnn.core import lazy

lazy.attach(__name__)  # the names stand in the stub beside this file
