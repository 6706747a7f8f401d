"""Parameters with which a trained model decodes best: the search for them, without training."""
