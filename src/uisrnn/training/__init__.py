"""Training of a model on labelled sequences; `fit.py` is the front door."""
