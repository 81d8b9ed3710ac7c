"""What a user may set for a file of samples."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 (pydantic reads it)

from pydantic import Field

from orbital_sdk import ByteSize, WriterConfig


class FileConfig(WriterConfig):
    """A file of JSON lines."""

    path: Path = Field(examples=["./data/samples.jsonl"])
    """The file; missing folders are made."""
    max_size: ByteSize = Field(default=100 << 20, ge=1000)
    """A file that would grow beyond this is rotated first: `samples.jsonl` becomes `samples.jsonl.1`."""
    max_files: int = Field(default=7, ge=0, le=10_000)
    """Rotated files that are kept; older ones are removed."""
    compress: bool = False
    """Compress rotated files with gzip."""
    fsync: bool = True
    """Samples count as delivered only once they are on the disk itself, and survive a power cut."""
