"""Benchmarks: ratios measured in one run on this machine, judged by the design's bounds. ``python -m bench``."""
