"""The tables of claims sent again, and of work that no file can do."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Date
from sqlmodel import Field

from reconcile.store.types import Table, key, reference, text, whole


class ResubmissionRow(Table, table=True):
    """Why a submission was made after others of its chain. Named by the submission.

    ``kind`` is one of ``reconcile.values.Again``; ``follows`` the submission it replaces, voids, repeats or carries on;
    ``repeats`` for each of its lines the LX01 of that submission's line, "" where the lines are the same or unlike.
    """

    __tablename__ = "resubmission"
    claim_id: int = key("claim.id")
    kind: str = text()
    follows: int = reference("claim.id")
    repeats: str = text()


class WorkItemRow(Table, table=True):
    """Something a person has to do about a claim, because the payer takes no file for it. Named by claim and ordinal.

    ``claim_id`` is the first submission of the chain, ``kind`` what is to be done (``reopening``), ``status`` open or
    done, ``due_date`` the last day.
    """

    __tablename__ = "work_item"
    id: int = key()
    claim_id: int = reference("claim.id", index=True)
    ordinal: int = whole(default=1)
    kind: str = text()
    reason: str = text()
    opened_on: date | None = Field(sa_type=Date, nullable=True, default=None)
    due_date: date | None = Field(sa_type=Date, nullable=True, default=None)
    status: str = text()
