"""Services on real tables: no HTTP, a fixed instant."""
