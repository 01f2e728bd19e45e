"""A department's own system: people sign in to it with the city's account."""
