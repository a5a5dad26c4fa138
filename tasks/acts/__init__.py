"""What people do by hand: import, correct, resolve, retry, revert, withdraw, rebuild.

Doors: correct, imports, rebuild, resolve, retry, revert, withdraw.
"""
