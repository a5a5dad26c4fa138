"""What a report is, and how its bytes become values.

Doors: catalogue, concealment, content, products, sniff.
"""
