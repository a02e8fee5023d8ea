"""Architectures: autoencoders, convolutions, transfer, generation, sequences."""
