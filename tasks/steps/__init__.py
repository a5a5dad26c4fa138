"""The steps of a sync, in the order of the flow.

Doors: apply, deliver, expire, land, load, plan, planning, preview, publish, verify.
"""
