"""Configured jobs, what happens to them between two nights, and the people who meet them."""
