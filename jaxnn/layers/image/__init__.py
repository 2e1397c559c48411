"""Layers that prepare images and change them at random, with their labels, boxes and masks; a family a file.

All of it is computed where the model is: in a model, augmentation is part of the compiled step. Called on NumPy batches
in a `Dataset.map`, the same layers run before it.
"""
