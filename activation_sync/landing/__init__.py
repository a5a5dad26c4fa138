"""Report bytes as files: append-only, addressed by their hash, in a folder or an object store. Beside them: heads.

Doors: heads, store.
"""
