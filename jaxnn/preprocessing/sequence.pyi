from jaxnn.preprocessing.skipgrams import make_sampling_table as make_sampling_table
from jaxnn.preprocessing.skipgrams import skipgrams as skipgrams
from jaxnn.preprocessing.timeseries_generator import TimeseriesGenerator as TimeseriesGenerator
from jaxnn.utils.sequence import pad_sequences as pad_sequences
