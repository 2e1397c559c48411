"""Models: a stack, a graph, or a class of one's own."""

from jaxnn.core import lazy
from jaxnn.models import cloning, functional, sequential  # noqa: F401 (configs name their classes)

lazy.attach(__name__)  # the names stand in the stub beside this file
