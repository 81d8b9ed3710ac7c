"""Plugins that are not installed as packages: folders with a plugin.yaml, which loaders turn into classes."""
