"""Signs of life, and what they tell of this machine."""
