"""Looking into a buffer from outside: status, records page by page, export, verification."""
