"""Coverage: in force on the date of service, confirmed, billed in the right order, with an id of its payer's shape."""
