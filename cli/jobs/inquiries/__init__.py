"""What asking payers about coverage (270, 271) and about claims (276, 277) have in common, whatever is asked."""
