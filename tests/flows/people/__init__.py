"""What people do between two nights."""
