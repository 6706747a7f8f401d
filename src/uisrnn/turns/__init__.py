"""Speaker turns: who speaks, from which time to which time."""
