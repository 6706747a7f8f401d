"""Sequences in npz files."""
