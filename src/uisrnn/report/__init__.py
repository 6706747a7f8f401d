"""An evaluation as an HTML file that anybody can open."""

from uisrnn.report.page import write_report

__all__ = ["write_report"]
