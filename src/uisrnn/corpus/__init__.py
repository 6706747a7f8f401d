"""Labelled sequences for training, in memory or on disk."""
