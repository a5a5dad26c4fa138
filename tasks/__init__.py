"""One thin Prefect task a step; every task may be repeated at any time. Here stands what all tasks share.

Doors: alerts, approval, ledger, log, policy, run, showing, wiring.
"""
