"""A buffer as somebody sees it who only looks: at a running agent, or at the folder of a stopped one."""
