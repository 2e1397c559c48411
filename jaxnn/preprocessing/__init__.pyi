from jaxnn.preprocessing import image as image
from jaxnn.preprocessing import sequence as sequence
from jaxnn.preprocessing import text as text
from jaxnn.utils.image_directory import image_dataset_from_directory as image_dataset_from_directory
from jaxnn.utils.text_directory import text_dataset_from_directory as text_dataset_from_directory
from jaxnn.utils.timeseries import timeseries_dataset_from_array as timeseries_dataset_from_array
