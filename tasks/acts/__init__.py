"""What people do by hand: import, resolve, retry, revert, rebuild.

Doors: imports, rebuild, resolve, retry, revert.
"""
