"""The mathematics of networks, written once in NumPy."""
