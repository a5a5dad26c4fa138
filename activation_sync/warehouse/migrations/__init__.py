"""Alembic's environment; `warehouse.database.schema` runs it.

Doors: none.
"""
