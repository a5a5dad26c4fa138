"""Nights of many tenants, and what people are told of them."""
