"""Networks with published weights, written for inference; nothing here knows of recordings or blocks."""
