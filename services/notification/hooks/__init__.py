"""Webhooks: departments that speak no AMQP are told over HTTP, signed after Standard Webhooks."""
