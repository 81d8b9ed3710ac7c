"""Commands on the buffer of a running agent, or on the folder of a stopped one."""
