"""X12 transactions to and from domain values; imports nothing else of this project."""
