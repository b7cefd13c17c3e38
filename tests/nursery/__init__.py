"""Processes forked from one that has read its files: each is there at once.

`python -m bot …` needs a second of processor time to read them, modules above all, and the tests
start hundreds of such commands; a test process, which counts what it runs and reads every test,
needs fifteen. A mother reads once, then forks whenever asked. What runs is the same module as
__main__, with arguments, environment and files of its own; that `./run` starts from nothing is
shown in tests/faults.
"""
