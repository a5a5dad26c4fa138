"""What a report is, and how its bytes become values.

Doors: concealment, derive, parse, products, sniff.
"""
