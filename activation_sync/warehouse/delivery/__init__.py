"""Updates on their way to Graph: the outbox, and what each answer changes.

Doors: consequences, outbox.
"""
