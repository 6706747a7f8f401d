"""Search for the parameters with which a trained model decodes best, without training."""
