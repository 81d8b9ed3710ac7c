"""Walks: whole columns by as few requests as the device allows, learned from poll to poll."""
