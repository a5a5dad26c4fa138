"""What people do by hand: import, correct, resolve, retry, revert, withdraw, rebuild, restore.

Doors: correct, imports, rebuild, resolve, restore, retry, revert, withdraw.
"""
