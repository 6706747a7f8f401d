"""Speaker turns: who speaks from when to when."""
