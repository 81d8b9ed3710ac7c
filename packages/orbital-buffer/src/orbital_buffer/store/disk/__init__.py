"""The store on disk: writes changes of the index to the database, or keeps them in memory if it cannot."""
