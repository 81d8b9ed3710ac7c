"""Which tasks run when, and who may start: pure timetables, and the loop that follows them."""
