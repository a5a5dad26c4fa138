"""What people do by hand: import, correct, resolve, retry, revert, rebuild.

Doors: correct, imports, rebuild, resolve, retry, revert.
"""
