"""Side-by-side timings of the stacked engine, `model.fit` and PyTorch: ``python -m benchmarks``."""
