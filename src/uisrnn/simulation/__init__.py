"""Labelled conversations made from turns and voices."""
