"""`claims status ask`, `read`, `list` and `show`: payers are asked about claims (276), and what they answer (277)."""
