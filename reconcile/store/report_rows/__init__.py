"""The rows behind the reports, and their sums: SQL that only reads. One module a report; ``scope`` is shared."""
