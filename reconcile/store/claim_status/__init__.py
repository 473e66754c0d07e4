"""What payers were asked about claims and what they answered, each answer tied to file, transaction set and claim."""
