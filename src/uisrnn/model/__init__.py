"""The model of arXiv:1810.04719: observations, transitions, assignments, and their joint probability."""
