"""Typer functions, one file a group of commands; each parses, calls one job and renders what comes back."""
