"""The command line: one file per noun, mounted in bot/__main__.py."""
