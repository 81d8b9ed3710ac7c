"""What is in a buffer, what each output still needs of it, and what the limits decide: pure, without I/O."""
