"""Unit, service, HTTP, browser and fault tests, benchmarks, and the gates."""
