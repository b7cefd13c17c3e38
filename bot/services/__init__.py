"""Use cases, one file each: they own transactions and know no HTTP."""
