"""Data that comes with the package: daily weather, from which tomorrow's rain is forecast. Nothing is downloaded."""

from jaxnn.core import lazy

lazy.attach(__name__)  # the names stand in the stub beside this file
