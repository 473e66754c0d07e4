"""A claim again: replaced, voided, billed anew, or billed to the next payer with what the first one did."""
