"""Where the bytes of a buffer are: a port with two implementations, memory and disk."""
