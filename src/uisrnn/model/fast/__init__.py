"""Compiled and rearranged twins of the model's equations: same results, less time."""
