"""What every finding code, check and word of the worklist means, for `explain` and the demo's summary.

Each text stands once: the intake has its catalogue, rules and checks their docstrings, the readers of envelopes and of
the 835 the tables in theirs; what has no place of its own stands here, one table an area.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from types import ModuleType
from typing import Final

import msgspec

from edi.intake.catalogue import CATALOGUE
from edi.rules import RULES
from edi.transactions import t835
from edi.x12 import envelope

_SETTINGS: Final = {
    "SET001": "A key of the settings is not known and was not read.",
    "SET002": "A value of the settings is not of the kind wanted there.",
    "SET003": "A payer builds on a pack that is not shipped.",
    "SET004": "A table of payers.toml is no payer.",
    "SET005": "Two payers call themselves the same in their 835s, so a payment could be either's.",
    "SET006": "A table that is required is missing.",
    "SET007": "An id stands twice.",
    "SET008": "A name leads to nothing: what it names is not defined.",
    "SET009": "An NPI without ten digits, or a tax id without nine.",
    "SET010": "A password stands in the settings file, and travels with every copy of it.",
    "SET011": "Not an amount.",
    "SET012": "A password stands on the command line, where every user of the machine can see it.",
    "SET013": "An enrolment names a payer that is not in payers.toml.",
    "SET014": "Two practices map one heading to different columns; read their files one practice at a time.",
    "SET015": "A payer turns a rule off, up or down without a reason.",
    "SET016": "A payer turns a rule for dates that are no day: the last lies before the first.",
}
_BALANCE: Final = {
    "BAL001": "A line of an 835 does not balance: SVC03 is not SVC02 less the line's adjustments. The claim is held.",
    "BAL002": "A claim of an 835 does not balance: CLP04 is not CLP03 less all its adjustments. The claim is held.",
    "BAL003": "An 835 does not balance: BPR02 is not the sum of CLP04 less the sum of PLB. It is quarantined whole.",
    "BAL004": "CLP05 is not the sum of the claim's PR adjustments. A warning; the adjustments are what is posted.",
    "BAL005": "CLP03 is not the sum of the lines' SVC02. A warning; the lines are what is posted.",
}
_SUBMISSIONS: Final = {
    "SUB001": "Claims of another kind than professional (837P); they are not read.",
    "SUB002": "An 837P without HL segments; its NM1 segments were taken as the hierarchy.",
    "SUB003": "HL segments out of sequence, or of a level that professional claims do not have.",
    "SUB004": "CLM02 is not the sum of the lines' SV102.",
    "SUB005": "An amount, date or quantity cannot be read.",
    "SUB006": "A service line without SV1.",
    "SUB007": "Written to another guide than 005010X222A1, and read as if it were that.",
    "SUB008": "Diagnoses are marked as ICD-9.",
    "SUB009": "A service line stands outside a claim.",
    "SUB010": "A claim stands under no billing provider.",
    "SUB011": "A service line without a number (LX01); the lines were counted.",
    "SUB012": "What another payer paid and adjusted does not come to the charge of a line or claim.",
    "SUB013": "A segment stands twice in a loop that has one of it; the first counts.",
    "SUB020": "A field has a letter that the X12 character set cannot spell; the claim is held.",
    "SUB030": "A session line was billed by another run while this one was at work; the claim was left out.",
    "SUB022": "A date of a certificate for equipment stood without that certificate and was left out.",
    "SUB021": "A segment kept from an imported claim has no place in an outgoing one and was left out.",
}
_ACKNOWLEDGMENTS: Final = {
    "ACK001": "An acknowledgment with a code that is not known; it is taken as a rejection.",
    "ACK002": "A 999 that is incomplete.",
    "ACK003": "A 277 that is no claim acknowledgment; it is not read.",
    "ACK004": "A claim or line of a 277CA without status.",
    "ACK005": "An acknowledgment that several files or claims could be meant by; it is kept and tied to none of them.",
    "ACK006": "An acknowledgment of numbers that only another partner's file or another practice's claim has.",
    "ACK007": "A rejection of a claim or file that this store does not have; nobody's work came of it.",
    "ACK008": "A 999 or TA1 rejects a file of inquiries (270, 276), so that no answer will come.",
}
_DENIALS: Final = {
    "DEN001": "A denial is in a state that what was asked for does not fit.",
    "DEN002": "The payer takes no appeal of a denial: unprocessable (MA130), N211, or a duplicate.",
    "DEN003": "An appeal at a level that the payer does not have.",
    "DEN004": "A correction of a claim that must not be sent again.",
    "DEN005": "A correction with KX or modifier 59 for which no therapist stands.",
    "DEN006": "An appeal or correction after the payer's last day; it is kept, and may be refused.",
    "DEN007": "A day to act by, or to be reminded on, that is after the payer's last day.",
    "DEN008": "A write-off of an underpaid line, of which nothing is denied.",
    "DEN009": "A denial is to be put aside until a day that is not to come.",
}
_ELIGIBILITY: Final = {
    "ELI001": "A payer cannot be asked about a coverage: a field that the 270 needs is missing.",
    "ELI003": "An answer of a 271 says nothing of the coverage.",
    "ELI004": "Answers of a 271 that are to no inquiry of this store; they are kept, and count where a patient fits.",
    "ELI005": "A segment of a 270 or 271 that stands outside any level, or a level that these do not have.",
    "ELI006": "The payer answered under another member id than patients.csv has.",
    "ELI007": "The payer ends a coverage earlier than patients.csv; the payer's date counts.",
}
_CLAIM_STATUS: Final = {
    "CST001": "A payer cannot be asked about a claim: a field that the 276 needs is missing.",
    "CST002": "Answers of a 277 that are tied to no claim of this store; they are kept.",
    "CST003": "A payer answered a claim status inquiry as a whole, and none of its claims.",
    "CST004": "An answer of a 277 gives no status, or its file answers nothing.",
    "CST005": "A segment of a 276 or 277 that stands outside any level, or a level that these do not have.",
}
_INGEST: Final = {
    "ING000": "There are more findings than a manifest lists.",
    "ING001": "A file is missing or cannot be read.",
    "ING002": "A file was seen before, and not all of it could be posted then.",
    "ING004": "A transaction set of a kind that the command does not take.",
    "ING005": "A text that is no X12 came in; it is kept as a report, for people to read.",
    "ING006": "A file is larger than [ingest] largest_megabytes allows; it is not kept.",
    "ING007": "A zip archive would unpack into too much, is damaged, or is not what it says; it is not opened.",
    "ING008": "A loop has more segments than any claim can have; the transaction set is not read.",
    "ING009": "A table, settings or a document of the practice was named to ingest; it is not kept.",
    "ING010": "The payee of an 835 is none of our practices; nothing of it is posted.",
    "ING011": "A payment is posted already with other content: a possible reissue, held for a person.",
    "ING012": "A transaction set is truncated: it has no SE. It is quarantined.",
    "ING013": "SE does not fit its transaction set. It is quarantined.",
    "ING015": "A file cannot be read: the user that the command runs as may not, or its disk fails.",
    "IMP001": "The billing provider of an imported claim is new and was registered as a practice.",
    "IMP002": "The billing provider of an imported claim has neither NPI nor tax id; the claim is not stored.",
    "IMP003": "Imported claims are of patients marked as QMB: nobody bills them a balance.",
    "SHW001": "A transaction set of a kind that cannot be shown; only its envelope was checked.",
}
_PAYMENTS: Final = {
    "PAY001": "The payer of a payment written by hand is not in payers.toml.",
    "PAY002": "A column of payments.csv is filled in that says nothing in a row of its kind.",
    "PAY003": "The adjustments of a row of payments.csv cannot be read.",
    "PAY004": "A file of payments cannot be read as TOML.",
    "PAY005": "An opening balance that is not above zero, or above the charge of its line.",
    "PAY006": "A payment written by hand, or its service, is of a day after the one on which its file came.",
    "PAY010": "A payment written by hand moves money and has no reference, so it cannot be told from another.",
    "PAY011": "The rows of a payment do not come to the amount that they say it has.",
    "PAY012": "A claim has a row for the whole of it beside rows of its lines.",
    "PAY013": "A row of the payment was refused, so none of its rows was taken in.",
    "PAY020": "What a patient paid names a claim that the practice does not have.",
    "PAY021": "What a patient paid names a control number that several claims have.",
    "PAY022": "What a patient paid names a line that the claim does not have, or has twice.",
    "PAY023": "An opening balance of a claim that is in the store with its own lines and payments.",
    "PAY024": "A claim was brought forward before, with another balance or other lines.",
    "PAY025": "The same payment of a patient, of that day, claim, amount and reference, is in the store already.",
    "PAY026": "A patient paid more than he owes on a claim that was answered, so it has a credit.",
    "PAY027": "A remark code of a payment written by hand is no RARC that the tables have.",
    "PAY028": "Two rows say the same of a line, and name none: the second would post on another line of the claim.",
    "PAY029": "A file of payments has no row, so nothing was taken in.",
}
_BANK: Final = {
    "DEP001": "Entries of a bank's file that are no money that came in: they are no deposits.",
    "DEP002": "A BAI2 file cannot be read, or its control totals do not agree with it. It is refused whole.",
    "DEP003": "An entry of a bank's file is not in US dollars; it was left out.",
    "DEP004": "Rows of a bank's file repeat others under the same bank reference; each deposit was counted once.",
    "DEP005": "A deposit of the same day and amount is known under another number; this one was added beside it.",
    "DEP006": "A deposit is of a day half a year and more after its file came; it was left out.",
    "TKB001": "A PLB carries a balance forward (FB) under its own trace number, but the payment is not zero.",
    "TKB002": "A provider adjustment (PLB) has a reason that is in no table; it is kept and shown as unknown.",
}
_AGAIN: Final = {
    "AGN001": "No claim, or no submission of it to that payer, has the name given.",
    "AGN002": "The claim waits for its payer's answer; sending it again may come back as a duplicate.",
    "AGN003": "The payer's control number of the claim (REF*F8) is not known, so it cannot be replaced or voided.",
    "AGN004": "The payer takes no such claim as a file; a person asks for a reopening (claimloop work list).",
    "AGN005": "The claim was voided already.",
    "AGN006": "The payer wants only denied lines again, and no line of the claim is denied.",
    "AGN007": "The claim was rejected before any payer took it in, so there is nothing to void.",
    "AGN008": "The payer of a claim that is to go again is not in payers.toml.",
    "AGN009": "The practice of a claim that is to go again is not in claimloop.toml.",
    "AGN010": "Several practices have a claim of that name.",
    "AGN011": "Session lines of a claim are not among the corrected rows; a claim is corrected whole.",
    "AGN012": "The corrected rows of a claim make no claim, or several, in the place of one.",
    "AGN013": "The corrected rows are for another patient or payer than the claim that they should replace.",
    "AGN014": "Another run sent the claim, or billed a session line of it, while this one worked; it was left out.",
    "AGN017": "A claim that was denied or rejected goes again with nothing changed.",
    "AGN015": "The claim was paid without a denial and nothing of it changed, so there is nothing to correct.",
    "AGN016": "Only denied lines go again, and a row that is new or changed is of none of them; it stays as it was.",
    "AGN020": "No payer comes after the one that answered the claim.",
    "AGN021": "The patient's record with the coverage that is to be billed next is missing.",
    "AGN022": "The payer has not decided on the claim yet, so the next one is not billed.",
    "AGN023": "The payer sends the claim on to the next one by itself; a second claim there would be a duplicate.",
    "AGN024": "The payer paid nothing, and the next one wants no such claims.",
    "AGN025": "The payer took its payment back, so there is nothing to tell the next one.",
    "AGN026": "An equation of a secondary claim does not hold, or the other payer's reasons do not fit in it.",
    "AGN027": "The payer's answer does not say what became of every line of the claim.",
    "AGN028": "The payer decided on the claim, so it cannot be told as passed over.",
    "AGN029": "The claim went to the next payer already.",
}
_LEDGER: Final = {
    "PAID_BEYOND_CHARGE": "Payments of several payers come to more than the charge of a claim; all of them are posted.",
    "ANSWERED_TWICE": (
        "The payer answered again without reversing its first answer; both payments are posted, a write-off beyond the "
        "charge is memo, and the patient owes no more than both answers leave to the patient."
    ),
    "COB_OVERSTATED": "A later payer's write-off exceeds what was still open; the rest is memo.",
    "CHARGE_DIFFERS": "The payer answered a higher charge than was submitted; the adjustments beyond ours are memo.",
    "REVERSAL_WITHOUT_ORIGINAL": "A reversal takes back an adjudication that is not in the books.",
    "REVERSAL_DIFFERS": (
        "A reversal takes back another amount than its original paid. Its adjustments are posted as the opposite of "
        "the original's and its cash as the 835 says, so the difference stays on the line."
    ),
    "RECODED": "The payer adjudicated another code than was billed.",
    "CARC_UNKNOWN": "A CARC that is in no table: unclassified, and kept as denied until a person decides.",
    "PATIENT_CODE_WRITTEN_OFF": "A group that writes off stands with a reason that is a patient's share.",
}
_BILLING: Final = {
    "CHANGED_AFTER_BILLING": "A session line was billed before with other content; it is not billed a second time.",
}
_CONFORMANCE: Final = {
    "PYX900": "pyx12 failed on a segment and gives no verdict on it.",
    "PYX901": "No second opinion: pyx12 has no map for this kind of transaction set.",
    "PYX902": "An error of pyx12 that is set aside, for the reason given: it does not know the code or rule.",
}
_BY_PYX12: Final = {
    "I": "pyx12 finds the interchange wrong; the rest of the code is pyx12's own.",
    "G": "pyx12 finds the functional group wrong; the rest of the code is pyx12's own.",
    "T": "pyx12 finds the transaction set wrong; the rest of the code is pyx12's own.",
    "S": "pyx12 finds a segment wrong; a number after the S is the one that a 999 gives in IK304.",
    "E": "pyx12 finds an element wrong; the number after the E is the one that a 999 gives in IK403.",
}
"""What pyx12 itself finds, by the letter after PYX."""
GUARDRAILS: Final = {
    "check_eligibility_before_patient_bill": "Ask the payer who covered the day before the patient is billed.",
    "contractual_only_if_capitated": "Write off as contractual only if the practice is paid by capitation.",
    "document_before_59": "Modifier 59 or an X modifier only for a separate service that is documented.",
    "frequency_1_new_claim": "Send a new claim (frequency 1), no replacement.",
    "kx_is_an_attestation": "KX only when the therapist attests that the service is needed; never to get paid.",
    "no_appeal": "There is no appeal against this.",
    "no_automatic_writeoff": "A person decides before anything is written off.",
    "no_frequency_7": "Do not send a replacement (frequency 7): the payer does not take one here.",
    "no_patient_bill": "Never bill the patient for this.",
    "no_patient_bill_while_open": "Do not bill the patient while the denial is being worked.",
    "no_rebill_under_other_provider": "Never bill it again under another therapist's name.",
    "no_resubmit": "Do not send it again: the payer has it, or does not take it twice.",
    "patient_share_capped_at_open_balance": "The patient owes at most what is still open.",
}
"""What must not be done about a denial, by the words of reconcile/tables/denials.toml."""

NEXT_ACTIONS_OF_NO_TABLE: Final = {
    "review_unknown_code": "a CARC that is in no table, or a reversal without a reason",
    "review_payer_recode": "the payer adjudicated another code than was billed",
}
"""Next actions that no row of a table sets, and what leads to them."""


_WHYS: Final[Mapping[str, str]] = {
    "intake": "What cannot be read or looked up is on no claim, and the patient's whole day waits for it.",
    "settings": "Claims are made with these settings; a wrong one is wrong on all of them.",
    "submission": "The claim would be rejected before a payer sees it, or would say something else than was meant.",
    "conformance": "A claim that breaks the guide is rejected at the front door, with its whole file at worst.",
}
"""Why a finding of an area matters; a rule says it of itself."""


class CodeText(msgspec.Struct, frozen=True):
    """A finding code: what it is about and what it says. ``area`` says which part of the work finds it."""

    area: str
    text: str


def code_text(code: str) -> CodeText | None:
    """The text of a finding code other than a rule's; None when there is no such code."""
    known = _texts().get(code)
    if known is None and re.fullmatch(r"PYX[IGTSE]\w{1,4}", code):
        return CodeText("conformance", _BY_PYX12[code[3]])
    return known


def why_of(code: str) -> str:
    """Why a finding of the code matters, in general; "" where nothing general can be said."""
    known = code_text(code)
    return _WHYS.get(known.area, "") if known is not None else ""


def title(code: str) -> str:
    """What a finding of a rule or any other part says, in one line; "" when the code is not known."""
    rules = {one.code: one.title for one in RULES}
    known = code_text(code)
    return rules.get(code) or (known.text if known is not None else "")


def finding_codes() -> tuple[str, ...]:
    """Every finding code that has a text here, without the rules' and pyx12's own."""
    return tuple(sorted(_texts()))


@cache
def _texts() -> Mapping[str, CodeText]:
    areas: dict[str, Mapping[str, str]] = {
        "intake": CATALOGUE,
        "settings": _SETTINGS,
        "envelope": dict(_documented(envelope)),
        "remittance": dict(_documented(t835)),
        "balance": _BALANCE,
        "submission": _SUBMISSIONS,
        "acknowledgment": _ACKNOWLEDGMENTS,
        "eligibility": _ELIGIBILITY,
        "claim status": _CLAIM_STATUS,
        "ingest": _INGEST,
        "payments": _PAYMENTS,
        "bank": _BANK,
        "again": _AGAIN,
        "ledger": _LEDGER,
        "denials": _DENIALS,
        "billing": _BILLING,
        "conformance": _CONFORMANCE,
    }
    return {code: CodeText(area, text) for area, texts in areas.items() for code, text in texts.items()}


def _documented(module: ModuleType) -> Iterator[tuple[str, str]]:
    """Codes and meanings from the table in a module's docstring, as sentences."""
    for code, meaning in re.findall(r"^([A-Z]{3}\d{3})\s+\w+\s+(.+)$", module.__doc__ or "", re.MULTILINE):
        yield code, f"{meaning[0].upper()}{meaning[1:]}."
