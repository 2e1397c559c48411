"""Data that comes with the package: daily weather, from which tomorrow's rain is forecast. Nothing is downloaded."""

from jaxnn.datasets import rain as rain
