"""What `jaxnn/core/ways.py` decides, measured again: `python -m benchmarks.ways`."""
