"""Denial categories, as package data."""
