"""The processor chain: changes samples between plugin and buffer."""
