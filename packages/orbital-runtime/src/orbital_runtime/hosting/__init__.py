"""What a part (a plugin, a writer, a processor) is given at its start, and what is taken back at its end."""
