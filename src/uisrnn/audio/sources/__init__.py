"""Conversion of files, arrays and sound of a microphone to blocks of samples at a given rate."""
