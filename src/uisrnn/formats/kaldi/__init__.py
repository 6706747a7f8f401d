"""Sequences in Kaldi folders."""
