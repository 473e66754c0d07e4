"""Submitted claims and remittances tied together: match, post, categorise. Never sees a segment."""
