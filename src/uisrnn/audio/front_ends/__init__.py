"""Front ends: blocks of samples to observations with spans."""
