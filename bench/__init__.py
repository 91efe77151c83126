"""Benchmarks that anybody can repeat; their tables are kept in `results/`."""
