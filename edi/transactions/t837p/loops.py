"""The loops above the claims of an 837P, while reading: envelope, hierarchy, parties. Base of the reader.

Which NM1 belongs where, with HL segments and without. Findings are named in `reader`.
"""

from __future__ import annotations

from typing import Final, TypeAlias

from edi.model.claim import Claim
from edi.model.finding import Finding, Location, Severity
from edi.model.money import parse_cents
from edi.model.remittance import RawSegment
from edi.model.submission import SubmissionHeader, SubmissionTrailer
from edi.transactions.elements import at, parse_date
from edi.transactions.t837p.decisions import AdjudicationDraft, CoverageDraft
from edi.transactions.t837p.draft import ClaimDraft, Hierarchy, LineDraft, PartyDraft
from edi.transactions.t837p.segments import (
    BILLING_LEVEL,
    CLAIM_LOOPS,
    LINE_LOOPS,
    PATIENT_LEVEL,
    SUBSCRIBER_LEVEL,
    VERSION,
    role_fields,
)
from edi.x12.envelope import TransactionSet

Item: TypeAlias = SubmissionHeader | Claim | Finding | SubmissionTrailer
"""What `read` yields."""

_LEVELS: Final = {BILLING_LEVEL: "billing", SUBSCRIBER_LEVEL: "subscriber", PATIENT_LEVEL: "patient"}
_PARENTS: Final = {BILLING_LEVEL: "", SUBSCRIBER_LEVEL: BILLING_LEVEL, PATIENT_LEVEL: SUBSCRIBER_LEVEL}
_UPPER_ROLES: Final = {
    "85": "billing", "87": "billing", "PE": "billing", "IL": "subscriber", "PR": "subscriber", "QC": "patient"
}  # fmt: skip
_CLAIM_ROLES: Final = role_fields(CLAIM_LOOPS)
_LINE_ROLES: Final = role_fields(LINE_LOOPS)
_COVERAGE_ROLES: Final = ("IL", "PR")
_WITH_CONTACT: Final = ("41", "85", "77", "DK")
_WITH_TAXONOMY: Final = {"85": "BI", "82": "PE"}
_NAMED: Final = 9
"""NM1 elements that a party's value carries."""
_PARTY_SEGMENTS: Final = frozenset({"NM1", "N3", "N4", "DMG", "PRV", "REF", "PER"})
_ABOVE_CLAIMS: Final = frozenset({"header", "billing", "subscriber", "patient"})


class LoopReader:
    """Where we are: ``_level`` names the loop, ``ready`` is what is to be yielded, ``_party`` the NM1 that is open."""

    def __init__(self, ts: TransactionSet) -> None:
        self.ready: list[Item] = []
        self._ts = ts
        self._component = ts.delimiters.component
        self._above = Hierarchy()
        self._header: SubmissionHeader | None = None
        self._header_parties: dict[str, PartyDraft] = {}
        self._header_kept: list[RawSegment] = []
        self._bht: list[str] = []
        self._level = "header"
        self._party: PartyDraft | None = None
        self._in_kept_party = False
        self._claim: ClaimDraft | None = None
        self._line: LineDraft | None = None
        self._coverage: CoverageDraft | None = None
        self._adjudication: AdjudicationDraft | None = None
        self._levels_seen = 0
        self._levels: dict[str, str] = {}
        self._segments = 0

    def _finish_claim(self) -> None:
        """End the open claim, because what follows stands above it."""
        raise NotImplementedError

    # -- findings and what is kept -----------------------------------------------------------------------------------

    def _report(
        self, code: str, severity: Severity, message: str, element: str, segment: int | None = None
    ) -> None:
        claim = self._claim.number if self._claim is not None else None
        line = str(self._line.fields["number"]) if self._line is not None else None
        self.ready.append(
            Finding(
                code=code,
                severity=severity,
                message=message,
                location=Location(
                    file=self._ts.file,
                    segment=segment or self._segments,
                    element=element,
                    transaction=self._ts.control_number,
                    claim=claim,
                    line=line,
                ),
            )
        )

    def _cents(self, text: str, element: str) -> int | None:
        """Cents of an amount; a Finding and None when it is none."""
        try:
            return parse_cents(text)
        except ValueError as reason:
            self._report("SUB005", Severity.ERROR, f"{element} cannot be read: {reason}", element)
            return None

    def _raw(self, segment: list[str]) -> RawSegment:
        """The segment as sent, composites joined by a colon."""
        component = self._component
        if component == ":":
            return tuple(segment)
        return tuple([part.replace(":", " ").replace(component, ":") for part in segment])

    def _keep(self, segment: list[str]) -> None:
        """Keep a segment with the party, decision, line or claim it stands in, or with the level above the claims."""
        self._kept_here(segment[0]).append(self._raw(segment))

    def _repeated(self, segment: list[str]) -> None:
        """Say that a segment stands a second time where there is one; the first counts."""
        name = segment[0]
        self._report("SUB013", Severity.WARNING, f"{name} stands twice in its loop; the first counts", name)

    def _kept_here(self, name: str) -> list[RawSegment]:
        if self._level == "header":
            return self._header_kept
        if self._party is not None and name in _PARTY_SEGMENTS:
            return self._party.kept
        if self._adjudication is not None:
            return self._adjudication.kept
        draft = self._line or self._coverage or self._claim
        return draft.kept if draft is not None else self._above.kept[self._level]

    # -- the header and the hierarchy --------------------------------------------------------------------------------

    def _take_bht(self, segment: list[str]) -> None:
        self._bht = segment

    def _finish_header(self) -> None:
        if self._header is not None:
            return
        ts, envelope = self._ts, self._ts.envelope
        submitter = self._header_parties.get("41", PartyDraft(["NM1"]))
        receiver = self._header_parties.get("40", PartyDraft(["NM1"]))
        self._header = SubmissionHeader(
            st_control_number=ts.control_number,
            interchange_control_number=envelope.interchange_control_number if envelope else None,
            group_control_number=envelope.group_control_number if envelope else None,
            sender_id=envelope.sender_id if envelope else None,
            receiver_id=envelope.receiver_id if envelope else None,
            version=ts.version or None,
            test=envelope.test if envelope else False,
            purpose=at(self._bht, 2),
            reference=at(self._bht, 3),
            created=parse_date(at(self._bht, 4)),
            kind=at(self._bht, 6),
            submitter_name=at(submitter.nm1, 3),
            submitter_id=at(submitter.nm1, 9),
            submitter_contact=submitter.contact,
            receiver_name=at(receiver.nm1, 3),
            receiver_number=at(receiver.nm1, 9),
            kept=tuple(self._header_kept),
        )
        self.ready.insert(0, self._header)
        if ts.version and ts.version != VERSION:
            self._report(
                "SUB007", Severity.INFO, f"written to another guide than {VERSION}, read as it", "GS08"
            )

    def _leave_party(self) -> None:
        """What follows belongs to no NM1."""
        self._party = None
        self._in_kept_party = False

    def _hl(self, segment: list[str]) -> None:
        self._finish_claim()
        self._finish_header()
        self._leave_party()
        self._levels_seen += 1
        number, parent, level = at(segment, 1), at(segment, 2), at(segment, 3)
        if level not in _LEVELS:
            self._report("SUB003", Severity.WARNING, "HL03 is none of 20, 22 and 23", "HL03")
            return
        if number != str(self._levels_seen) or self._levels.get(parent, "") != _PARENTS[level]:
            self._report("SUB003", Severity.WARNING, "HL01 is out of sequence or HL02 not the parent", "HL01")
        self._levels[number] = level
        self._enter(_LEVELS[level])

    def _enter(self, level: str) -> None:
        """A new 2000A, 2000B or 2000C."""
        self._level = level
        if level == "billing":
            self._above.enter_billing()
        elif level == "subscriber":
            self._above.enter_subscriber()
        else:
            self._above.enter_patient()

    def _nm1(self, segment: list[str]) -> None:
        role = at(segment, 1)
        self._leave_party()
        if self._level == "kept" and self._line is not None:
            self._level = "line"
        self._party = party = PartyDraft(segment)
        if role in _UPPER_ROLES and self._is_upper(role):
            self._upper_party(role, party)
            if role == "87" and (any(segment[3:]) or at(segment, 2) != self._billing_type()):
                party.kept.append(self._raw(segment))
        elif self._level == "header":
            self._header_parties[role] = party
        elif self._level == "claim" and self._claim is not None:
            self._own_party(self._claim.parties, _CLAIM_ROLES.get(role), party)
        elif self._level == "coverage" and self._coverage is not None:
            self._own_party(self._coverage.parties, role if role in _COVERAGE_ROLES else None, party)
        elif self._level == "line" and self._line is not None:
            self._own_party(self._line.parties, _LINE_ROLES.get(role), party)
        else:
            self._party = None
            self._keep(segment)
        if self._party is not None and role != "87" and (any(segment[_NAMED + 1 :]) or at(segment, 6)):
            self._keep(segment)

    def _billing_type(self) -> str:
        """NM102 of the billing provider, which the pay-to address takes over."""
        billing = self._above.levels.get("85")
        return at(billing.nm1, 2) if billing is not None else ""

    def _is_upper(self, role: str) -> bool:
        """Whether an NM1 of that role names a party above the claims here, and not one of 2330 or 2420."""
        if self._levels_seen:
            return self._level in _ABOVE_CLAIMS
        return self._level != "coverage" and not (role == "PR" and self._claim is not None)

    def _upper_party(self, role: str, party: PartyDraft) -> None:
        """Take a party of 2000A to 2000C; without HL segments it starts its loop."""
        if not self._levels_seen:
            self._finish_claim()
            self._finish_header()
            if role in ("85", "IL", "QC") and role in self._above.levels:
                self._enter(_UPPER_ROLES[role])
            self._level = _UPPER_ROLES[role]
        self._above.levels[role] = party

    def _own_party(self, parties: dict[str, PartyDraft], role: str | None, party: PartyDraft) -> None:
        """Take a party of a claim, coverage or line into its field; a second one, or one without a field, is kept."""
        if role is None or role in parties:
            self._party = None
            self._in_kept_party = True
            self._keep(party.nm1)
        else:
            parties[role] = party

    def _n3(self, segment: list[str]) -> None:
        if self._party is None:
            self._keep(segment)
            return
        address = self._party.address or {}
        if "line_1" in address:
            self._keep(segment)
            return
        self._party.address = {**address, "line_1": at(segment, 1), "line_2": at(segment, 2)}
        if any(segment[3:]):
            self._keep([segment[0], "", "", *segment[3:]])

    def _n4(self, segment: list[str]) -> None:
        if self._party is None:
            self._keep(segment)
            return
        address = self._party.address or {}
        if "city" in address:
            self._repeated(segment)
            return
        self._party.address = {
            **address,
            "city": at(segment, 1),
            "state": at(segment, 2),
            "zip": at(segment, 3),
            "country": at(segment, 4),
        }
        if any(segment[5:]):
            self._keep(segment)

    def _dmg(self, segment: list[str]) -> None:
        if self._party is None or at(self._party.nm1, 1) not in ("IL", "QC"):
            self._keep(segment)
            return
        if self._party.dmg:
            self._repeated(segment)
            return
        self._party.dmg = segment
        born = parse_date(at(segment, 2))
        if born is None or any(segment[4:]) or self._coverage is not None:
            self._keep(segment)
        if born is None:
            self._report("SUB005", Severity.WARNING, "DMG02 is no date", "DMG02")

    def _per(self, segment: list[str]) -> None:
        numbers = {at(segment, place): at(segment, place + 1) for place in (3, 5, 7) if at(segment, place)}
        party = self._party
        in_order = list(numbers) in (["TE"], ["EM"], ["TE", "EM"])
        if party is None or at(party.nm1, 1) not in _WITH_CONTACT or party.contact is not None:
            self._keep(segment)
            return
        party.contact = (at(segment, 2), numbers.get("TE", ""), numbers.get("EM", ""))
        if not in_order:
            self._keep(segment)

    def _prv(self, segment: list[str]) -> None:
        party = self._party
        if not at(segment, 3):
            self._keep(segment)
        elif (
            party is not None
            and _WITH_TAXONOMY.get(at(party.nm1, 1)) == at(segment, 1)
            and not party.taxonomy
        ):
            party.taxonomy = at(segment, 3)
        elif self._level == "billing" and party is None and not self._above.taxonomy:
            self._above.taxonomy = at(segment, 3)
        else:
            self._keep(segment)

    def _pat(self, segment: list[str]) -> None:
        starts = not self._levels_seen and self._level in ("subscriber", "patient")
        if starts:
            self._enter("patient")
        if self._level not in ("subscriber", "patient"):
            self._keep(segment)
            return
        if self._level in self._above.pats:
            self._repeated(segment)
            return
        self._above.pats[self._level] = segment
        died = at(segment, 5) == "D8" and parse_date(at(segment, 6)) is not None
        more = any(segment[2:5]) or any(segment[7:]) or (any(segment[5:7]) and not died)
        if more or (self._level == "subscriber" and (at(segment, 1) or not died)):
            self._keep(segment)
