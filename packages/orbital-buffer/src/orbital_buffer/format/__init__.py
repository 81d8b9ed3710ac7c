"""Encoding of everything that is stored: `crc32 | version | content`. Pure."""
