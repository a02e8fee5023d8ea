"""Generalization: doing well on data never seen."""
