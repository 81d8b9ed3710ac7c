"""The states of an agent, and the signals that change them."""
