"""Artificial neural networks, from one perceptron to deep models."""
