"""What is stored as bytes, and back: `crc32 | version | content`. Pure."""
