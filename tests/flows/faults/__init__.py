"""Whatever goes wrong during a night."""
