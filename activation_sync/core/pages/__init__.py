"""What people look at: plans and runs as text, charts, rows of the BI views, the billing file.

Doors: backfill_words, bi_rows, billing, charts, markdown, plan_view, svg, unused_licences.
"""
