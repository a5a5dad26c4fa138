"""Past refresh dates, replayed one at a time.

Doors: frame, replay.
"""
