"""The database itself: engine and transactions, tables, schema, leases, and what its failures mean.

Doors: columns, engine, failures, fencing, kinds, lease, measures, schema, tables, upsert.
"""
