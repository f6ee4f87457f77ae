"""Readers of lakes over archives in trouble: who gets what, from the tables and from the snapshots themselves."""
