"""Findings of all traces, kept once they are looked for, and what is new since a time."""
