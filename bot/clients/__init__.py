"""The outside world, one file for each party: they know no services."""
