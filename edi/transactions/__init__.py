"""One transaction set a file, in both directions."""
