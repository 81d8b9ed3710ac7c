"""Hands out slots and runs tasks in them, and removes tasks whose last run is over."""
