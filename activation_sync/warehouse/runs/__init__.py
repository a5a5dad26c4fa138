"""Runs on record, where tenants stand, and the views for BI as rows.

Doors: adoption, fleet, progress, runs, status, views.
"""
