"""Gradient descent: walking down an error landscape."""
