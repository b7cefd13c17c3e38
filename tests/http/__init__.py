"""The real application over HTTP."""
