"""The identity of this sentinel at Core: registration, credentials, and calls that use them."""
