"""Rules of one payer's own, one payer a file."""
