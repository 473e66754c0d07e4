"""Coding: the procedure code exists, is valid on the date of service, and is the one the payer takes."""

from __future__ import annotations
