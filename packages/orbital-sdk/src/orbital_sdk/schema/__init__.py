"""Descriptions derived from a class: JSON Schema, list of fields, manifest."""
