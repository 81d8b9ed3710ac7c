"""Providers of secrets for Orbital Sentinel, found by the entry point group `orbital.secrets`."""
