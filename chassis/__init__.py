"""What every service stands on: events, transactions, time, web and operations. No business words."""
