"""`eligibility ask`, `read` and `list`: payers are asked about coverage (270), and what they answer (271) is used."""
