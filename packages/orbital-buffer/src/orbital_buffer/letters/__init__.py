"""Dead letters: refused samples, stored beside waiting ones."""
