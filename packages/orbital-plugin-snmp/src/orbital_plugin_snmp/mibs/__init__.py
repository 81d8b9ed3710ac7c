"""MIB files: read once, on the operator's machine, to write profiles. Nothing here runs in the agent."""
