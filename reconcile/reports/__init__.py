"""Results to rows, one report a file."""
