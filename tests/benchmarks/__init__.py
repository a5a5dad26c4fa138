"""What the work costs, beside the least it could cost: `make bench`. Ratios from one run, never a timed test."""
