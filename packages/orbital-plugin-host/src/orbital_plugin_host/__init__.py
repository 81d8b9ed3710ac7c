"""Plugins in processes of their own.

`remote` is the agent's end, `program` that of a process that serves an installed Python plugin. What both
share stands beside them. Import from the modules: a process imports only its own end.
"""
