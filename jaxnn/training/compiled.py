"""The loss and the metric that `compile` makes."""

from jaxnn.training.compiled_loss import CompileLoss
from jaxnn.training.compiled_metrics import CompileMetrics

__all__ = ["CompileLoss", "CompileMetrics"]
