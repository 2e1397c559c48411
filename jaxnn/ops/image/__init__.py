"""`keras.ops.image`: functions of images. An image is (height, width, channels), or a batch of them with a leading axis.

`data_format="channels_first"` puts the channels before the height; None is `image_data_format()`.

Source: https://keras.io/api/ops/image/
"""

from jaxnn.ops.image.borders import crop_images, pad_images
from jaxnn.ops.image.color import hsv_to_rgb, rgb_to_grayscale, rgb_to_hsv
from jaxnn.ops.image.filters import gaussian_blur, sobel_edges
from jaxnn.ops.image.patches import extract_patches, extract_patches_3d
from jaxnn.ops.image.resizing import resize, scale_and_translate
from jaxnn.ops.image.similarity import ssim
from jaxnn.ops.image.warping import affine_transform, elastic_transform, map_coordinates, perspective_transform

__all__ = [
    "affine_transform",
    "crop_images",
    "elastic_transform",
    "extract_patches",
    "extract_patches_3d",
    "gaussian_blur",
    "hsv_to_rgb",
    "map_coordinates",
    "pad_images",
    "perspective_transform",
    "resize",
    "rgb_to_grayscale",
    "rgb_to_hsv",
    "scale_and_translate",
    "sobel_edges",
    "ssim",
]
