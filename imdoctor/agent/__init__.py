"""Scheduled runs with a memory: when to run, what was seen before, what is worth telling, and to whom."""
