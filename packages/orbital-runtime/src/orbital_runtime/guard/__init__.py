"""Strangers' code: under a deadline, with every way out of it caught, and named where it holds the loop."""
