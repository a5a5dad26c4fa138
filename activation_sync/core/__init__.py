"""The pure middle: values in, values out. No I/O, no clock, no framework.

Doors: bounds, model, phrases, plain_text, stamp.
"""
