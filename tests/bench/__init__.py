"""Benchmarks, run by hand: `python -m tests.bench NAME`; only ratios within one run count."""
