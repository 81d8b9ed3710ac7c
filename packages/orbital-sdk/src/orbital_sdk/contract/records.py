"""What plugins hand over. Samples are the first kind of record; a second one joins `Records`."""

from __future__ import annotations

from collections.abc import AsyncIterable, Awaitable, Iterable

from orbital_sdk.metric import Columns, Sample

Records = Iterable[Sample] | Columns
"""What `collect` gives and `emit` takes."""
Collected = Records | Awaitable[Records] | AsyncIterable[Sample]
"""What `collect` may give."""
