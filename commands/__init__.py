"""The `activation-sync` command: a file a command; nothing imports it.

Doors: none.
"""
