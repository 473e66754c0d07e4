"""Frozen values of the domain: what the rest of claimloop passes around. No input, no output, no clock."""
