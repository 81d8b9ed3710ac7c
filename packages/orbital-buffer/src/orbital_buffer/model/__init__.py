"""The contents of a buffer, what each output needs of them, and its limits. Pure, without I/O."""
