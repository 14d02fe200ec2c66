"""Machine tables and limits, with their sources."""
