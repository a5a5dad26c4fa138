"""Programs that run beside tests: databases, pools, Prefect, a browser, other people's servers."""
