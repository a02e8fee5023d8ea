"""The science of deep learning: what networks are and how they are studied."""
