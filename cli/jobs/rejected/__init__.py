"""Rejected claims in words: what is wrong, where it stands in our own file, and what to do."""
