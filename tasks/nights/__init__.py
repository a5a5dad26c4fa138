"""A night of many tenants: turns, shards, who is left out, how each fared.

Doors: fleet, nights, standing.
"""
