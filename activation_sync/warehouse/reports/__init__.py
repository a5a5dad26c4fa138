"""Landed reports in the warehouse: the manifest, what each says, the newest snapshot, retention.

Doors: keeping, landed_days, loading, manifest, retention, withdrawn.
"""
