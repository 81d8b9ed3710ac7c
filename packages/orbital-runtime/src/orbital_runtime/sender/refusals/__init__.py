"""Which samples of a refused chunk are bad, and whether the refusal is believed (docs/decisions/0011)."""
