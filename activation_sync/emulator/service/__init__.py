"""What the emulated Graph answers: routes, tokens, reports, the resource, batches, and faults at work.

Doors: gateway, steering, world.
"""
