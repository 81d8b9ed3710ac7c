"""Sources of an inspection: a running agent, or the folder of a stopped one."""
