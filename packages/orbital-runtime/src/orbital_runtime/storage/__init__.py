"""Where bytes are kept by key: one database, in this process or in one of its own. It knows no samples."""
