"""What the checks of data look at: the arrays of one call, and the model they are meant for."""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

from jaxnn.core.layer import is_default
from jaxnn.doctor.arrays import named
from jaxnn.doctor.inputs import as_declared, declared_outputs, outputs_for
from jaxnn.doctor.terms import Term, match

_STEPS = {"predict": "predict_step", "fit": "train_step", "train_on_batch": "train_step"}


class Given(NamedTuple):
    """What else a call of `fit` was given that the checks look at.

    Attributes:
        batch_size: samples a step.
        class_weight: a dict from class to weight.
        validation_split: the share that was set aside.
        held_out: the targets set aside.
        thorough: the user has asked for advice: also look at what takes long, and at few samples.
    """

    batch_size: int | None = None
    class_weight: dict | None = None
    validation_split: float = 0.0
    held_out: Any = None
    thorough: bool = False


NOTHING = Given()


class Case:
    """One call's data.

    Args:
        who: the method that was called, as messages name it.
        model: the model.
        x: inputs: an array, a structure of arrays, or None.
        y: targets, likewise.
        sample_weight: weights, likewise.
        outputs: the model's outputs for `x` as anything with a shape, where the caller knows them.
        given: what else the call was given.
    """

    def __init__(
        self,
        who: str,
        model: Any,
        x: Any = None,
        y: Any = None,
        sample_weight: Any = None,
        outputs: Any = None,
        given: Given = NOTHING,
    ):
        self.who, self.model, self._outputs, self.given = who, model, outputs, given
        self.x, self.y, self.sample_weight = x, y, sample_weight

    @property
    def training(self) -> bool:
        """Whether this call moves weights."""
        return self.who in ("fit", "train_on_batch")

    @functools.cached_property
    def standard(self) -> bool:
        """Whether the steps are ours. Those of the user's own may take other data, and do other things with it."""
        step = getattr(self.model, _STEPS.get(self.who, "test_step"))
        return is_default(step) and is_default(self.model.compute_loss)

    @functools.cached_property
    def trial(self) -> Any:
        """What the model gives for inputs of these shapes, or the exception that it raises."""
        return outputs_for(self.model, self.x)

    @functools.cached_property
    def outputs(self) -> Any:
        """The outputs for `x`, in their structure, as anything with a shape; None while they can't be known."""
        declared = declared_outputs(self.model) if self._outputs is None else self._outputs
        if declared is self._outputs or not self.standard or as_declared(self.model, self.x):
            return declared
        return None if isinstance(self.trial, Exception) else self.trial

    @functools.cached_property
    def arrays(self) -> list[tuple[str, Any]]:
        """All arrays, by name."""
        return [*named("x", self.x), *named("y", self.y), *named("sample_weight", self.sample_weight)]

    @functools.cached_property
    def terms(self) -> list[Term]:
        """One for each output that has a loss and targets; none where it is unclear which belong together."""
        loss, names = getattr(self.model, "loss", None), getattr(self.model, "output_names", None)
        return [] if loss is None else match(loss, self.y, self.sample_weight, self.outputs, names)
