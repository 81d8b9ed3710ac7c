"""Which series a processor is for: patterns of names and labels, and the values of samples."""
