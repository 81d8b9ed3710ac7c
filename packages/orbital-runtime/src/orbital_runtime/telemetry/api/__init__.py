"""Routes and views of the HTTP API."""
