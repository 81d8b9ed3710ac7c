"""Where a buffer is read from: a running agent, or the folder of a stopped one."""
