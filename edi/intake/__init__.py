"""Session rows to SessionLines, minutes to units, SessionLines to Claims."""
