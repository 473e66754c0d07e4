"""Payer profiles: what one payer does differently, as data."""
