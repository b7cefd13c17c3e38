"""The engine, its rules as data, and the programmes. README.md says how to read and change them."""
