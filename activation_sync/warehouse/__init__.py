"""The warehouse, in rooms of its own: every table, and every statement that reads or writes one.

Functions take a Connection and the caller owns the transaction: `database.engine` opens them with `reading`, `writing`.
Doors: none.
"""
