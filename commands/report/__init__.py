"""`report`: the page, the billing file, Parquet.

Doors: report.
"""
