"""Sequences in Parquet files."""
