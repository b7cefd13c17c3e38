"""The jail: a program that reads what strangers send, behind walls, one process a file.

It imports nothing of the product but the rules in bot/domain/files.py; bot/clients/jail.py talks to
it and believes nothing it says.
"""
