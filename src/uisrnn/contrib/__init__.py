"""Contributed modules at their import paths of 0.1.2."""

from uisrnn.contrib import contrib_template, range_search_crp_alpha

__all__ = ["contrib_template", "range_search_crp_alpha"]
