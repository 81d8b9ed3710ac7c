"""What to take from a Prometheus page."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from orbital_plugin_http.patterns import Patterns  # noqa: TC001 (pydantic reads it at run time)
from orbital_sdk.fields import Fields


class PrometheusRules(Fields):
    """Without rules: every sample of the page, under its own name."""

    include: Patterns = ()
    """Regular expressions, one or a list; a sample is taken if one fits its whole name. Empty: all are."""
    exclude: Patterns = ()
    """Regular expressions, one or a list; a sample whose whole name fits one is left out."""
    prefix: Annotated[str, Field(pattern=r"^([a-zA-Z_:][a-zA-Z0-9_:]*)?$", max_length=100)] = ""
    """Put before every name."""
    honor_timestamps: bool = True
    """Keep the times that the page gives, instead of the time of the collection."""
