"""Output of a configuration: dump, differences, schema, template."""
