"""The loop: data, state, steps, programs. `take_state`, `give_state` and `train_epoch` are for loops of one's own."""

from jaxnn.training.state import TrainState, give_state, take_state
from jaxnn.training.steps import train_epoch

__all__ = ["TrainState", "give_state", "take_state", "train_epoch"]
