"""Keras's utilities: seeds, the progress bar, data and files, images, and what registers a user's classes."""

from jaxnn.core import lazy

lazy.attach(__name__)  # the names stand in the stub beside this file
