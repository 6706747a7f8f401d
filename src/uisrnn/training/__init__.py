"""Learning a model from labelled sequences: batches, losses, the loop."""
