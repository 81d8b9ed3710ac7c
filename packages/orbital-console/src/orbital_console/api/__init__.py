"""The routes of the API, and the document that describes them."""
