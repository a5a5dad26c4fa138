"""Requests and answers over HTTPS, and the servers that carry them.

Doors: answers, server, wire.
"""
