"""The order of the steps, nothing else: a file a Prefect flow.

Doors: backfill, endings, sync.
"""
