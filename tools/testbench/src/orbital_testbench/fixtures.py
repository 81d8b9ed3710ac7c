"""pytest fixtures; see the README."""
