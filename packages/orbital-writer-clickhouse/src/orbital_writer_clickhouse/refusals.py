"""What each of ClickHouse's exceptions means for the samples (src/Common/ErrorCodes.cpp)."""

from __future__ import annotations

import re
from typing import Final

from orbital_sdk import NotWritten, Refusal, WriteError, WriterMisconfigured, WriterUnavailable

_DATA: Final = frozenset(
    {
        6,  # CANNOT_PARSE_TEXT
        27,  # CANNOT_PARSE_INPUT_ASSERTION_FAILED
        38,  # CANNOT_PARSE_DATE
        41,  # CANNOT_PARSE_DATETIME
        69,  # ARGUMENT_OUT_OF_BOUND
        70,  # CANNOT_CONVERT_TYPE
        72,  # CANNOT_PARSE_NUMBER
        117,  # INCORRECT_DATA
        131,  # TOO_LARGE_STRING_SIZE
        321,  # VALUE_IS_OUT_OF_RANGE_OF_DATA_TYPE
        349,  # CANNOT_INSERT_NULL_IN_ORDINARY_COLUMN
        376,  # CANNOT_PARSE_UUID
        407,  # DECIMAL_OVERFLOW
        469,  # VIOLATED_CONSTRAINT
        675,  # CANNOT_PARSE_IPV4
        676,  # CANNOT_PARSE_IPV6
        691,  # UNKNOWN_ELEMENT_OF_ENUM
    }
)
_TOO_LARGE: Final = frozenset(
    {
        158,  # TOO_MANY_ROWS
        307,  # TOO_MANY_BYTES
        396,  # TOO_MANY_ROWS_OR_BYTES
    }
)
_ADVICE: Final = {
    192: "look at the user in dsn or username",  # UNKNOWN_USER
    193: "look at the password",  # WRONG_PASSWORD
    194: "it wants a password",  # REQUIRED_PASSWORD
    516: "look at user and password",  # AUTHENTICATION_FAILED
    195: "this machine's address may not log in",  # IP_ADDRESS_NOT_ALLOWED
    164: "this user may only read; it wants INSERT",  # READONLY
    497: "grant it to this user",  # ACCESS_DENIED
    291: "this user may not use that database",  # DATABASE_ACCESS_DENIED
    81: "create the database, or look at dsn",  # UNKNOWN_DATABASE
    60: "create the table (`sentinel clickhouse schema` prints it), or look at table",  # UNKNOWN_TABLE
    16: "the table has changed",  # NO_SUCH_COLUMN_IN_TABLE
    8: "the table has changed",  # THERE_IS_NO_COLUMN
    10: "the table has changed",  # NOT_FOUND_COLUMN_IN_BLOCK
    47: "the table has changed",  # UNKNOWN_IDENTIFIER
    53: "the table has changed",  # TYPE_MISMATCH
    36: "look at settings",  # BAD_ARGUMENTS
    43: "look at the table",  # ILLEGAL_TYPE_OF_ARGUMENT
    48: "this server cannot do that",  # NOT_IMPLEMENTED
    50: "this server does not know a type of that table",  # UNKNOWN_TYPE
    62: "this server does not understand a statement",  # SYNTAX_ERROR
    115: "look at settings",  # UNKNOWN_SETTING
    170: "look at cluster",  # BAD_GET
    452: "look at settings",  # SETTING_CONSTRAINT_VIOLATION
    701: "look at cluster",  # CLUSTER_DOESNT_EXIST
}
TOO_MANY_PARTS: Final = 252
MEMORY_LIMIT_EXCEEDED: Final = 241
WORDS: Final = 300
_NOISE: Final = re.compile(
    r"Code: \d+\.\s*|DB::Exception:\s*|\s*\(version [^)]*\)\)?|\s*Stack trace:.*\Z", re.DOTALL
)


class InsertRefused(Exception):  # noqa: N818 (reads as what happened)
    """The server took nothing of an insert. The writer answers with it."""

    def __init__(self, reason: str, refusal: Refusal) -> None:
        super().__init__(reason)
        self.answer = NotWritten(reason, refusal)


def refused(code: int, text: str, address: str) -> WriteError | InsertRefused:
    """What to raise.

    Args:
        code: ClickHouse's number of it.
        text: Its words.
        address: Where it was said, as people may see it.
    """
    words = " ".join(_NOISE.sub("", text).split()).rstrip(".")[:WORDS]
    heading = f"{address}: {words} (ClickHouse {code})"
    if code in _DATA:
        return InsertRefused(words, Refusal.BAD)
    if code in _TOO_LARGE or _wants_less(code, words):
        return InsertRefused(heading, Refusal.TOO_LARGE)
    if code in _ADVICE:
        return WriterMisconfigured(f"{heading}; {_ADVICE[code]}")
    return WriterUnavailable(heading)


def _wants_less(code: int, words: str) -> bool:
    """Too many partitions in one insert, or too much memory for this one query, go away with size."""
    if code == TOO_MANY_PARTS:
        return "single INSERT block" in words
    return code == MEMORY_LIMIT_EXCEEDED and "query" in words.lower()
