"""Runs tasks at their times, within limits of concurrency."""
