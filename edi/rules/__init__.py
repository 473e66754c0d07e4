"""The rule registry, and one family of rules a file."""
