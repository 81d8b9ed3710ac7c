"""Reading: files, YAML, `${NAME}` and the environment become one tree with line numbers."""
