"""How code that is not ours is called: under a deadline where it can wait, counted if it outlives that."""
