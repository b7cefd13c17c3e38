"""Launchers of the real PostgreSQL and Valkey that the default installation brings along."""
