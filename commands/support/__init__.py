"""What commands share: how they speak, what they are about, processes they start, exit codes.

Doors: automations, children, choosing, console, demo_home, exits, interrupt, password, progress, running, servers.
"""
