"""Models: a stack, a graph, or a class of one's own."""

from jaxnn.models.cloning import clone_model
from jaxnn.models.functional import Functional
from jaxnn.models.model import Model, model_from_json
from jaxnn.models.sequential import Sequential
from jaxnn.saving import load_model, save_model

__all__ = ["Functional", "Model", "Sequential", "clone_model", "load_model", "model_from_json", "save_model"]
