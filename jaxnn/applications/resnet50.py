"""ResNet50 under the name of the module that Keras has it in, beside `resnet`."""

from jaxnn.applications.resnet import ResNet50, decode_predictions, preprocess_input

__all__ = ["ResNet50", "decode_predictions", "preprocess_input"]
