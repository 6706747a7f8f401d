"""Sequences of observations and their labels."""
