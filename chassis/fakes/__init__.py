"""Stand-ins for tests: a database of one's own, deliveries without a broker, tokens without identity."""
