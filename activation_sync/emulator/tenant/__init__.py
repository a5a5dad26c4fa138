"""What an emulated tenant has: people, figures, editions of its reports, published counts, a clock.

Doors: clock, editions, figures, published.
"""
