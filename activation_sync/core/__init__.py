"""The pure middle: values in, values out. No I/O, no clock, no framework.

Doors: model, phrases, stamp.
"""
