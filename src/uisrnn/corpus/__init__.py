"""Labelled sequences to train on, in memory or not."""
