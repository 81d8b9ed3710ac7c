"""Terminal input and output: reports, confirmations, times."""
