"""When an output may send: backoff, circuit breaker, rate limit."""
