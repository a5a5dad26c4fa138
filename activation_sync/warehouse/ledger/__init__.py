"""The append-only record of decisions, answers and acts: written, chained, proved, and read again.

Doors: chain, hindsight, ledger, proof.
"""
