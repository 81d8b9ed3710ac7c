"""Keeps every sample until each output has it, or until the user's policy drops and counts it.

In layers, each importing downwards only:

    buffer       the parts put together; `contract` says what each kind of user may ask
    inspection   status, pages of records, export, verification, recovery from the quarantine
    letters      dead letters: kept, listed, purged, replayed
    log          append, read, acknowledge
    store        where the bytes are: in memory, or on disk in RocksDB
    format       records, layouts, states and dead letters as bytes
    model        what is in the buffer and what each output still needs; no bytes, no I/O
"""
