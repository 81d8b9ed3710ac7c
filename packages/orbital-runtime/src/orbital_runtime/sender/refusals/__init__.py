"""When a refusal is believed (docs/decisions/0011): the state machine of an attempt at a chunk. Pure."""
