"""Who answers in a network: one sweep for all protocols that have a probe."""
