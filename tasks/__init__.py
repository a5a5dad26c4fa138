"""One thin Prefect task a step; every task may be repeated at any time."""
