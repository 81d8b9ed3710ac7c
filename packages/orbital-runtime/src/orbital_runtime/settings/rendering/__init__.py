"""What is written of a configuration: dumps, differences, schema, reference and template."""
