"""Report bytes as files: append-only, addressed by their hash."""
