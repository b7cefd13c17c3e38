"""Doors for other systems: each proves itself by a signature."""
