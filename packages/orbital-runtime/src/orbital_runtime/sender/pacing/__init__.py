"""When an output may send: backoff, circuit breaker, rate, and the waits between."""
