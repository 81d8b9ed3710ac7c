"""Commands on the buffer, of a running agent or of a stopped one's folder."""
