"""The agent's metrics, read when they are scraped."""
