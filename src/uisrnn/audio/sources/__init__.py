"""Files, arrays and microphones to blocks of samples at one rate."""
