"""What makes Keras's objects pure. Knows no concrete layer. Read in this order: scope, variable, seed, layer, pure."""
