"""Keeps every sample until each output has it, or until the user's policy drops and counts it."""

from orbital_runtime.buffer.commit import Committer
from orbital_runtime.buffer.contract import (
    Buffer,
    BufferClosed,
    BufferFull,
    BufferInUse,
    BufferUnreadable,
    BufferUnusable,
    Chunk,
    Entry,
    Limits,
    NoReader,
    Policy,
    Unsent,
    Usage,
)
from orbital_runtime.buffer.disk.buffer import DiskBuffer
from orbital_runtime.buffer.letters.index import LetterLimits, Wanted
from orbital_runtime.buffer.letters.letter import DeadLetter
from orbital_runtime.buffer.memory import MemoryBuffer
from orbital_runtime.storage.errors import Damaged

__all__ = [
    "Buffer",
    "BufferClosed",
    "BufferFull",
    "BufferInUse",
    "BufferUnreadable",
    "BufferUnusable",
    "Chunk",
    "Committer",
    "Damaged",
    "DeadLetter",
    "DiskBuffer",
    "Entry",
    "LetterLimits",
    "Limits",
    "MemoryBuffer",
    "NoReader",
    "Policy",
    "Unsent",
    "Usage",
    "Wanted",
]
