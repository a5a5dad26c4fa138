"""What commands share: what they print, which tenants they are for, processes they start, exit codes.

Doors: automations, children, choosing, console, demo_home, exits, interrupt, password, progress, running, schedules,
servers, typed.
"""
