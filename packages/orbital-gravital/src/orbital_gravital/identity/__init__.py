"""Who this sentinel is at Core: registration, the account, and calls in its name."""
