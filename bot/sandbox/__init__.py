"""Simulated WeChat: a process of its own with its own ledger, for newcomers and for tests."""
