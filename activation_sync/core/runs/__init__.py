"""What becomes of a run, a night, a fleet and a backfill: outcome, standing, troubles.

Doors: alerts, backfill, condition, nights, outcome, quarantine, report_age, shards, standing, summary, words.
"""
