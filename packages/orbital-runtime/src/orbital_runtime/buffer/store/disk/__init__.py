"""The store on disk: brings the database up to date with the index, and goes on in memory while it cannot."""
