"""Secrets that a configuration names, asked of providers (entry point group `orbital.secrets`)."""
