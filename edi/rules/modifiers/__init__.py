"""Modifiers: how many, which, in which order, and which never together or on that code."""

from __future__ import annotations

from edi.rules.modifiers.form import MOST, in_order

__all__ = ["MOST", "in_order"]
