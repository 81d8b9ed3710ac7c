"""Prometheus' text format, read line by line: `Reader(find).page().read(line)`."""

from orbital_exposition.errors import MalformedLineError
from orbital_exposition.family import Family
from orbital_exposition.reader import MAX_LINE, Page, Reader

__all__ = ["MAX_LINE", "Family", "MalformedLineError", "Page", "Reader"]
