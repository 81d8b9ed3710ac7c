"""Hosts: the services for a part (a plugin, a writer, a processor) from its start to its stop."""
