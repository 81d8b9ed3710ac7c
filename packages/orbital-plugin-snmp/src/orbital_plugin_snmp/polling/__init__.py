"""One task's polls: what to ask in which order, and what is left when a part of it fails."""
