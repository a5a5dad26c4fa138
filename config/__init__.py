"""The only reader of environment and files: settings, and where they come from.

Doors: references, settings, sources, warehouse_urls.
"""
