"""Answers an 837P from a seed and a scenario, with the truth beside it."""
