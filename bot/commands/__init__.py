"""The command line: one file per noun, called by bot/commands/catalogue.py."""
