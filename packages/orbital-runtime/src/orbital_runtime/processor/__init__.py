"""What happens to samples between plugin and buffer."""
