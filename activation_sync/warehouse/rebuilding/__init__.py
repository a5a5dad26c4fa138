"""The warehouse made again from landed reports and ledger, and compared with the present one.

Doors: compare, rebuild, restore.
"""
