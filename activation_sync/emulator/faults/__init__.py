"""Scripted faults, throttling, and the journal of what was served.

Doors: faults, journal, throttle, twists.
"""
