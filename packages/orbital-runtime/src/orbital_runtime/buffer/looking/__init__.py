"""A buffer as somebody sees it who only looks: the command line, at a running agent or a stopped one's folder."""
