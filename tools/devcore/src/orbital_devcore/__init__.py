"""A Gravital Core to develop against: the routes a sentinel calls, a JSON API for people, faults."""
