"""The agent's metrics, computed when they are scraped."""
