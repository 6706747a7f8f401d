"""An evaluation as one HTML file that anybody can open."""

from uisrnn.report.page import write_report

__all__ = ["write_report"]
