"""`keras.utils.bounding_boxes`: formats of boxes, their overlap, and what becomes of them when images change."""

from jaxnn.ops.box_deltas import decode_deltas_to_boxes, encode_box_to_deltas
from jaxnn.ops.box_overlap import compute_ciou, compute_iou
from jaxnn.ops.boxes import affine_transform, clip_to_image_size, convert_format, crop, pad

__all__ = [
    "affine_transform",
    "clip_to_image_size",
    "compute_ciou",
    "compute_iou",
    "convert_format",
    "crop",
    "decode_deltas_to_boxes",
    "encode_box_to_deltas",
    "pad",
]
