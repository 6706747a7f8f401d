"""From observations to labels: the pool of cluster states, the beam search, and loops over its step."""
