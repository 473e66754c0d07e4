"""X12 syntax only: delimiters, tokens, segments, envelopes, conformance."""
