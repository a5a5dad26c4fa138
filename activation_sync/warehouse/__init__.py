"""The warehouse: every table, and every statement that reads or writes one.

Functions take a Connection and the caller owns the transaction: `engine.reading` and `engine.writing` open them.
"""
