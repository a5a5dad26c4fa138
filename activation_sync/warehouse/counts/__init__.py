"""The counts people see: what a plan is made from, and how it is applied.

Doors: apply, states.
"""
