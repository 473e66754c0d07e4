"""Results to rows, one report a file; ``registry`` says what a report is and names them all."""
