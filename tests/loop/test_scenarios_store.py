"""The 25 scenarios end to end: 837P written, stored; 835s written, ingested; what the store then holds.

Every scenario is told in the order of its dates, so a resend or a secondary claim comes between the payments as it
did. What must be true is `edi.testpayer.scenario_expectation`; `differences` lists what is not.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import text

from cli.jobs.manifest import Manifest
from edi.model.balance import claim_imbalances
from edi.model.directory import Practice
from edi.model.finding import Severity
from edi.payers.loader import load_payers
from edi.payers.profile import PayerProfile
from edi.testpayer import (
    Expectation,
    scenario_claims,
    scenario_expectation,
    scenario_history,
    scenario_ids,
    scenario_remittances,
    scenario_sent_dates,
)
from edi.testpayer.adjudications import PAYEE_NPI, PAYEE_TAX_ID, Remittance
from tests.loop.loop_stage import Loop, write_835

IDS = tuple(f"S{number:02d}" for number in range(1, 26))
IMPORTED = ("S16",)
"""Scenarios whose claims another system sent: their line numbers are not ours."""
LATER_PAYERS = {"S03": ("supplement",), "S21": ("supplement",)}
"""Their next step presumes a second coverage, which the practice's records tell and the primary 837P does not."""
SAME_NUMBER_TWICE = ("S02", "S20", "S21", "S25")
"""Several claims with a line A1, as the facts tell them; no store would give a number twice, and `verify` says so."""
PAYERS = {
    "commercial": ("60601", "commercial"),
    "hmo": ("60602", "commercial"),
    "blue": ("90909", "bcbs"),
    "medicare": ("04412", "medicare_b"),
    "second": ("33033", "commercial"),
    "supplement": ("77777", "commercial"),
    "medicaid": ("55055", "medicaid"),
}
ACCOUNTS = ("paid", "contractual", "patient", "denied", "pended")
PROVIDER_LEVEL = ("FB", "WO", "L6")
Row = dict[str, Any]


def scenario_payers() -> dict[str, PayerProfile]:
    """The payers of the scenarios, told apart by N104 (TRN03 is one originator for all)."""
    document = {
        "payer": {
            key: {
                "name": key,
                "kind": kind,
                "claim_id": {"default": number},
                "remit": {"n104": [number]},
            }
            for key, (number, kind) in PAYERS.items()
        }
    }
    profiles, findings = load_payers(document)
    assert findings == ()
    return profiles


class Story:
    """One scenario played into a store; what each set brought is remembered."""

    def __init__(self, folder: Path, scenario_id: str) -> None:
        self.id = scenario_id
        self.sets = scenario_remittances(scenario_id)
        self.history = scenario_history(scenario_id)
        self.claims = scenario_claims(scenario_id)
        self.manifests: list[Manifest] = []
        self.actions: dict[str, dict[str, Row]] = defaultdict(dict)
        self.ids: dict[int, int] = {}
        practice = Practice(id="quillfeather", name="Quillfeather", npi=PAYEE_NPI, tax_id=PAYEE_TAX_ID)
        self.loop = Loop(folder, payers=scenario_payers(), practices=(practice,))
        for _, _, play in sorted(self._events(), key=lambda event: event[:2]):
            play()

    def _events(self) -> list[tuple[date, int, Callable[[], None]]]:
        """Everything that happens, with its day and its place among the events of the day."""
        events: list[tuple[date, int, Callable[[], None]]] = []
        for place, sent in enumerate(scenario_sent_dates(self.id)):
            events.append((sent, place, lambda place=place: self._submit(place)))  # type: ignore[misc]
        for place, one in enumerate(self.history):
            events.append((_day(one), 100 + place, lambda one=one, place=place: self._before(one, place)))  # type: ignore[misc]
        for place, one in enumerate(self.sets):
            events.append((_day(one), 200 + place, lambda one=one, place=place: self._receive(one, place)))  # type: ignore[misc]
        return events

    def _submit(self, place: int) -> None:
        claim = msgspec.structs.replace(self.claims[place], later_payers=LATER_PAYERS.get(self.id, ()))
        take = self.loop.import_claims if self.id in IMPORTED else self.loop.submit
        (self.ids[place],) = take([claim])

    def _before(self, one: Remittance, place: int) -> None:
        manifest = self.loop.ingest_bytes(write_835(one), f"before-{place}.835")
        assert manifest.files[0].outcome == "posted"

    def _receive(self, one: Remittance, place: int) -> None:
        self.manifests.append(self.loop.ingest_bytes(write_835(one), f"set-{place}.835"))
        for row in self.loop.rows("SELECT * FROM claim WHERE id = root"):
            for action in str(row["next_actions"]).split():
                self.actions[str(row["patient_control_number"])][action] = row

    # -- what the store holds, by the expectation's coordinates ---------------------------------------------------

    def remittance(self, number: int) -> int:
        """The id of the payment that is set `number` (from 1)."""
        payment = self.sets[number - 1][0].payment
        return self.loop.scalar(
            "SELECT id FROM remittance WHERE trace_number = :trace AND payment_date = :day",
            trace=payment.trace_number,
            day=str(payment.date),
        )

    def claim_payments(self, number: int) -> list[Row]:
        """The claim payments of a set in order."""
        return self.loop.rows(
            "SELECT * FROM claim_payment WHERE remittance_id = :id ORDER BY ordinal",
            id=self.remittance(number),
        )

    def lines(self) -> dict[int, Row]:
        """Every submitted line by id, with the root of its claim."""
        rows = self.loop.rows(
            "SELECT l.*, c.root, c.sequence FROM service_line l JOIN claim c ON c.id = l.claim_id"
        )
        return {row["id"]: row for row in rows}

    def postings(self, where: str = "1 = 1", **values: object) -> list[Row]:
        """Postings with the payment they are of."""
        return self.loop.rows(
            "SELECT x.*, p.remittance_id FROM posting x JOIN claim_payment p ON p.id = x.claim_payment_id"
            f" WHERE {where}",
            **values,
        )


def _day(one: Remittance) -> date:
    day = one[0].payment.date
    assert day is not None
    return day


def sums(postings: list[Row]) -> dict[str, int]:
    """Cents by account."""
    found: dict[str, int] = defaultdict(int)
    for one in postings:
        found[one["account"]] += one["cents"]
    return found


def differences(story: Story, expected: Expectation) -> list[str]:
    """Everything about the store that is not as expected, in words."""
    return [
        *_matches(story, expected),
        *_lines(story, expected),
        *_effects(story, expected),
        *_denials(story, expected),
        *_actions(story, expected),
        *_findings(story, expected),
        *_guardrails(story, expected),
    ]


def _matches(story: Story, expected: Expectation) -> list[str]:
    wrong = []
    lines = story.lines()
    for match in expected.matches:
        place = f"set {match.set} claim {match.claim}"
        row = story.claim_payments(match.set)[match.claim]
        payment = story.sets[match.set - 1][1][match.claim]
        if any(one.severity is Severity.ERROR for one in claim_imbalances(payment)):
            if row["outcome"] != "suspense":
                wrong.append(f"{place}: {row['outcome']}, not in suspense")
            continue
        if (row["outcome"], row["claim_id"]) != ("posted", story.ids[match.submission]):
            wrong.append(
                f"{place}: {row['outcome']} on {row['claim_id']}, not on submission {match.submission}"
            )
            continue
        services = story.loop.rows(
            "SELECT * FROM service_payment WHERE claim_payment_id = :id ORDER BY ordinal", id=row["id"]
        )
        found = tuple(
            tuple(sorted(lines[int(one)]["number"] for one in str(service["line_ids"]).split()))
            for service in services
        )
        if found != match.lines:
            wrong.append(f"{place}: lines {found}, not {match.lines}")
        evidence = {service["evidence"] for service in services}
        if evidence != {match.evidence}:
            wrong.append(f"{place}: evidence {sorted(evidence)}, not {match.evidence}")
        notes = {note for service in services for note in str(service["notes"]).split()}
        notes |= {"twin" for service in services if service["twin"]}
        if not set(match.notes) <= notes:
            wrong.append(f"{place}: notes {sorted(notes)} lack {match.notes}")
    return wrong


def _roots(story: Story) -> dict[int, int]:
    """The root of each submission by its place in the scenario."""
    by_id = {row["id"]: row["root"] for row in story.loop.rows("SELECT id, root FROM claim")}
    return {place: by_id[number] for place, number in story.ids.items()}


def _lines(story: Story, expected: Expectation) -> list[str]:
    """End states. A claim's books are kept once: of two submissions of one line, the later expectation is the books'."""
    roots = _roots(story)
    lines = story.lines()
    wanted = {(roots[one.submission], one.lines): one for one in expected.lines}
    wrong = []
    seen: set[int] = set()
    for (root, numbers), one in wanted.items():
        mine = [row for row in lines.values() if row["claim_id"] == root and row["number"] in numbers]
        seen.update(row["id"] for row in mine)
        held = sums([p for row in mine for p in story.postings("x.line_id = :id", id=row["id"])])
        found = {name: held[name] for name in ACCOUNTS}
        charge = sum(row["charge"] for row in mine)
        found |= {"charge": charge, "open": charge - sum(held[name] for name in ACCOUNTS if name != "pended")}
        told = {name: getattr(one, name) for name in found}
        if found != told:
            wrong.append(f"submission {one.submission} lines {numbers}: {found}, not {told}")
    stray = [p for p in story.postings() if p["line_id"] not in seen]
    if stray:
        wrong.append(f"postings on lines nobody expected: {stray}")
    for root in set(roots.values()):
        (row,) = story.loop.rows("SELECT * FROM claim WHERE id = :id", id=root)
        booked = [one for (of, _), one in wanted.items() if of == root]
        for column, name in (
            ("billed", "charge"),
            ("open_balance", "open"),
            *zip(ACCOUNTS, ACCOUNTS, strict=True),
        ):
            told_sum = sum(getattr(one, name) for one in booked)
            if row[column] != told_sum:
                wrong.append(f"claim {row['patient_control_number']}: {column} {row[column]}, not {told_sum}")
    return wrong


def _effects(story: Story, expected: Expectation) -> list[str]:
    wrong = []
    for number, effect in enumerate(expected.effects, start=1):
        remittance = story.remittance(number)
        held = sums(story.postings("p.remittance_id = :id", id=remittance))
        provider: dict[str, int] = defaultdict(int)
        for row in story.loop.rows(
            "SELECT reason, cents FROM provider_adjustment WHERE remittance_id = :id", id=remittance
        ):
            provider[str(row["reason"])] += row["cents"]
        found = {
            "bank": story.loop.scalar("SELECT amount FROM remittance WHERE id = :id", id=remittance),
            "cash": held["paid"],
            **{name: held[name] for name in ("contractual", "patient", "denied", "pended", "memo")},
            "suspense": sum(
                row["paid"] for row in story.claim_payments(number) if row["outcome"] == "suspense"
            ),
            "forward": provider["FB"],
            "takeback": provider["WO"],
            "interest": -provider["L6"],
        }
        told = msgspec.structs.asdict(effect)
        if found != told:
            wrong.append(f"set {number} moved {found}, not {told}")
        if found["bank"] != found["cash"] + found["suspense"] - sum(provider.values()):
            wrong.append(f"set {number}: bank is not cash + suspense - provider adjustments")
    return wrong


def _denials(story: Story, expected: Expectation) -> list[str]:
    lines, roots = story.lines(), _roots(story)
    rows = story.loop.rows(
        "SELECT d.*, p.remittance_id FROM denial d JOIN claim_payment p ON p.id = d.claim_payment_id"
    )
    wrong = []
    for one in expected.denials:
        hits = [
            row
            for row in rows
            if row["remittance_id"] == story.remittance(one.set)
            and lines[row["line_id"]]["root"] == roots[one.submission]
            and _numbers(row, lines) == set(one.lines)
            and (not one.reason or (row["group_code"], row["reason"]) == (one.group, one.reason))
        ]
        if len(hits) != 1:
            wrong.append(f"{len(hits)} denials {one.group}-{one.reason} on lines {one.lines}")
            continue
        row = hits[0]
        rows.remove(row)
        found = {
            name: row[name]
            for name in ("amount", "category", "next_action", "cause", "extent", "kind", "status")
        }
        told = {name: getattr(one, name) for name in found}
        if found != told:
            wrong.append(f"denial {row['id']}: {found}, not {told}")
        for name, told_words in (("guardrails", one.guardrails), ("remarks", one.remarks)):
            if not set(told_words) <= set(str(row[name]).split()):
                wrong.append(f"denial {row['id']}: {name} {row[name]!r} lack {told_words}")
        if one.preventable and not row["preventable_by"]:
            wrong.append(f"denial {row['id']}: preventable by {row['preventable_by']!r}")
        if not row["because"]:
            wrong.append(f"denial {row['id']}: nothing says why")
    return wrong + [f"denial {row['id']} was not expected" for row in rows]


def _numbers(row: Row, lines: dict[int, Row]) -> set[int]:
    """The LX01s that a denial may mean."""
    return {lines[int(one)]["number"] for one in str(row["line_ids"] or row["line_id"]).split()}


def _actions(story: Story, expected: Expectation) -> list[str]:
    wrong = []
    for one in expected.actions:
        if one.action == "investigate_takeback":
            rows = story.loop.rows("SELECT * FROM provider_adjustment WHERE reason = 'WO'")
            if [row["cents"] for row in rows if str(row["identifier"]).endswith(one.claim)] != [one.amount]:
                wrong.append(f"no recovery of {one.amount} names {one.claim}: {rows}")
            continue
        if one.action == "release_from_suspense":
            rows = story.loop.rows(
                "SELECT paid FROM claim_payment WHERE outcome = 'suspense' AND patient_control_number = :claim",
                claim=one.claim,
            )
            if [row["paid"] for row in rows] != [one.amount]:
                wrong.append(f"{one.claim} holds {rows} in suspense, not {one.amount}")
            continue
        action = one.action
        row = story.actions[one.claim].get(action)
        if row is None:
            wrong.append(f"{one.claim}: {sorted(story.actions[one.claim])} lack {action}")
            continue
        about = {"hold_wait": "pended", "review_payer_recode": ""}.get(action, "patient")
        if about and row[about] != one.amount:
            wrong.append(f"{one.claim}: {action} about {row[about]}, not {one.amount}")
    return wrong


def _findings(story: Story, expected: Expectation) -> list[str]:
    found = {row["code"] for row in story.loop.rows("SELECT code FROM claim_finding")}
    for manifest in story.manifests:
        for file in manifest.files:
            found |= {one.code for one in file.findings}
            found |= {one.code for payment in file.payments for one in payment.findings}
    found = {code for code in found if not code.startswith("PYX")}  # pyx12's remarks are about the segments
    wrong = [f"no finding {code}, only {sorted(found)}" for code in expected.findings if code not in found]
    wrong += [f"finding {code} was not expected" for code in sorted(found - set(expected.findings))]
    for manifest in story.manifests:
        (file,) = manifest.files
        if file.outcome != expected.outcome or [one.outcome for one in file.payments] != ["posted"]:
            wrong.append(f"{file.file}: {file.outcome}, not {expected.outcome}")
        held = expected.outcome != "posted"
        work = bool(file.payments[0].denials) or bool(file.payments[0].findings)
        code = 3 if held else 1 if work else 0
        if manifest.exit_code() != code:
            wrong.append(f"{file.file}: exit code {manifest.exit_code()}, not {code}")
    return wrong


# -- guardrails: what must not have been done --------------------------------------------------------------------


def _never(story: Story, action: str) -> list[str]:
    return [f"{claim}: {action}" for claim, found in story.actions.items() if action in found]


def _rail(story: Story, word: str) -> list[str]:
    rows = story.loop.rows("SELECT guardrails FROM claim WHERE id = root")
    return [] if any(word in str(row["guardrails"]).split() for row in rows) else [f"no guardrail {word}"]


def _no_denials(story: Story) -> list[str]:
    return [f"denial {row['id']}" for row in story.loop.rows("SELECT id FROM denial")]


def _no_provider_adjustment_on_a_line(story: Story) -> list[str]:
    return [f"posting {p}" for p in story.postings() if p["reason"] in PROVIDER_LEVEL]


def _original_untouched(story: Story) -> list[str]:
    moved = sums(story.postings("p.remittance_id = :id", id=story.remittance(2)))
    return [f"the second set moved {moved}"] if any(moved[name] for name in ACCOUNTS) else []


def _two_numbers_kept(story: Story) -> list[str]:
    rows = story.loop.rows("SELECT number FROM payer_claim_control_number ORDER BY number")
    found = [row["number"] for row in rows]
    return [] if found == ["P100016A", "P100016B"] else [f"payer claim control numbers {found}"]


def _no_clp05_warning(story: Story) -> list[str]:
    every = [one.code for m in story.manifests for f in m.files for p in f.payments for one in p.findings]
    return [f"findings {every}"] if "BAL004" in every else []


def _patient_share_capped(story: Story) -> list[str]:
    rows = story.loop.rows("SELECT patient FROM claim WHERE id = root")
    return [f"patient {row['patient']}" for row in rows if row["patient"] > 2000]


GUARDRAILS: dict[str, Callable[[Story], list[str]]] = {
    "zero_paid_is_no_denial": _no_denials,
    "remark_refines_only_denials": _no_denials,
    "original_untouched": _original_untouched,
    "second_part_is_no_duplicate": _two_numbers_kept,
    "no_finding_for_absent_clp05": _no_clp05_warning,
    "provider_adjustment_not_on_claims": _no_provider_adjustment_on_a_line,
    "no_secondary_after_crossover": lambda story: [
        *_rail(story, "no_secondary_claim_sent_on_by_payer"),
        *_never(story, "bill_secondary"),
    ],
    "no_patient_bill_qmb": lambda story: [*_rail(story, "no_patient_bill"), *_never(story, "bill_patient")],
    "patient_share_capped_at_open": _patient_share_capped,
}


def _guardrails(story: Story, expected: Expectation) -> list[str]:
    return [f"{name}: {one}" for name in expected.guardrails for one in GUARDRAILS[name](story)]


# -- the tests ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scenario_id", IDS)
def test_scenario_through_the_store(scenario_id: str, tmp_path: Path) -> None:
    story = Story(tmp_path / "loop", scenario_id)
    assert differences(story, scenario_expectation(scenario_id)) == []
    broken = [one.partition(":")[0] for one in story.loop.broken_checks()]
    assert broken == (["control_numbers"] if scenario_id in SAME_NUMBER_TWICE else [])
    before = story.loop.digest()
    for place, one in enumerate([*story.history, *story.sets]):
        manifest = story.loop.ingest_bytes(write_835(one), f"again-{place}.835")
        assert manifest.files[0].outcome == "duplicate"
        reissued = msgspec.structs.replace(
            one[0], st_control_number="0777", interchange_control_number="777777777"
        )
        manifest = story.loop.ingest_bytes(write_835((reissued, *one[1:])), f"other-envelope-{place}.835")
        assert [payment.outcome for payment in manifest.files[0].payments] == ["duplicate"]
    assert story.loop.digest() == before
    story.loop.close()


def test_every_scenario_is_told() -> None:
    assert scenario_ids() == IDS
    told = {name for one in IDS for name in scenario_expectation(one).guardrails}
    assert told == set(GUARDRAILS)


Change = Callable[[Expectation], Expectation]


def _other(field: str, **values: object) -> Change:
    """The expectation with its first entry of a field changed."""

    def change(expected: Expectation) -> Expectation:
        first, *rest = getattr(expected, field)
        changed = {
            name: value(getattr(first, name)) if callable(value) else value for name, value in values.items()
        }
        return msgspec.structs.replace(
            expected, **{field: (msgspec.structs.replace(first, **changed), *rest)}
        )

    return change


def _one_more(cents: int) -> int:
    return cents + 1


OTHERWISE: dict[str, tuple[str, Change]] = {
    **{f"line {name}": ("S01", _other("lines", **{name: _one_more})) for name in (*ACCOUNTS, "open", "charge")},
    "line of a pair": ("S15", _other("lines", denied=_one_more)),
    "line pended": ("S25", _other("lines", pended=_one_more)),
    "replacement": ("S19", lambda e: msgspec.structs.replace(e, lines=e.lines[:2])),
    **{
        f"effect {name}": ("S25", _other("effects", **{name: _one_more}))
        for name in ("bank", "cash", "contractual", "patient", "denied", "pended", "memo", "suspense")
    },
    **{f"effect {name}": ("S21", _other("effects", **{name: _one_more})) for name in ("forward", "takeback", "interest")},
    "match submission": ("S10", _other("matches", submission=1)),
    "match lines": ("S07", _other("matches", lines=((2,), (1,)))),
    "match evidence": ("S16", _other("matches", evidence="line_control_number")),
    "match notes": ("S08", _other("matches", notes=("units_differ",))),
    "denial amount": ("S08", _other("denials", amount=_one_more)),
    "denial category": ("S08", _other("denials", category="bundling_ncci")),
    "denial action": ("S08", _other("denials", next_action="write_off")),
    "denial guardrail": ("S08", _other("denials", guardrails=("no_appeal",))),
    "denial remark": ("S08", _other("denials", remarks=("N1",))),
    "denial extent": ("S08", _other("denials", extent="full")),
    "denial cause": ("S06", _other("denials", cause="")),
    "denial kind": ("S09", _other("denials", kind="merits")),
    "denial status": ("S19", _other("denials", status="open")),
    "denial preventable": ("S14", _other("denials", preventable=True)),
    "denial line": ("S07", _other("denials", lines=(1,))),
    "denial missing": ("S14", lambda e: msgspec.structs.replace(e, denials=())),
    "action": ("S22", _other("actions", action="bill_patient")),
    "action amount": ("S22", _other("actions", amount=_one_more)),
    "recovery": ("S21", _other("actions", amount=_one_more)),
    "release": ("S25", lambda e: msgspec.structs.replace(
        e, actions=tuple(msgspec.structs.replace(one, amount=one.amount + 1) for one in e.actions))),
    "finding missing": ("S01", lambda e: msgspec.structs.replace(e, findings=("RECODED",))),
    "finding unexpected": ("S23", lambda e: msgspec.structs.replace(e, findings=())),
    "outcome": ("S25", lambda e: msgspec.structs.replace(e, outcome="posted")),
    "guardrail": ("S01", lambda e: msgspec.structs.replace(e, guardrails=("no_patient_bill_qmb",))),
}  # fmt: skip


@pytest.mark.parametrize("name", OTHERWISE)
def test_anything_else_is_a_difference(name: str, tmp_path: Path) -> None:
    """Each thing that is compared: expected otherwise, it is told."""
    scenario_id, change = OTHERWISE[name]
    story = Story(tmp_path / "loop", scenario_id)
    expected = scenario_expectation(scenario_id)
    assert differences(story, expected) == []
    assert differences(story, change(expected)) != []
    story.loop.close()


@pytest.mark.parametrize(
    "corruption",
    [
        "UPDATE posting SET cents = cents + 1 WHERE account = 'paid' AND line IS NOT NULL AND ordinal = 0",
        "UPDATE posting SET account = 'contractual' WHERE account = 'patient'",
        "UPDATE posting SET line_id = (SELECT MAX(id) FROM service_line) WHERE account = 'paid'",
        "DELETE FROM posting WHERE account = 'patient'",
        "UPDATE claim SET patient = patient + 1",
        "UPDATE service_payment SET line_ids = '', line_id = NULL",
        "UPDATE claim_payment SET outcome = 'unmatched', claim_id = NULL",
        "UPDATE remittance SET amount = amount - 1",
    ],
)
def test_a_wrong_row_is_a_difference(corruption: str, tmp_path: Path) -> None:
    """A row posted wrong, by hand: the comparison tells."""
    story = Story(tmp_path / "loop", "S01")
    with story.loop.store.write() as connection:
        connection.execute(text(corruption))
    assert differences(story, scenario_expectation("S01")) != []
    story.loop.close()


def test_S25_ends_with_3_and_names_the_cents(tmp_path: Path) -> None:
    """The good claims of the deposit post the same night; what does not add up is held at its CLP04."""
    story = Story(tmp_path / "loop", "S25")
    (manifest,) = story.manifests
    payment = manifest.files[0].payments[0]
    assert manifest.exit_code() == 3
    assert (payment.amount, payment.claims, payment.claims_matched, payment.claims_held) == (
        "190.00",
        3,
        2,
        1,
    )
    (held,) = [row for row in story.claim_payments(1) if row["outcome"] == "suspense"]
    assert (held["patient_control_number"], held["paid"], held["reason"]) == ("C100125", 4000, "unbalanced")
    assert "BAL001" in str(held["detail"])
    assert "BAL002" in str(held["detail"])
    assert "0.01" in str(held["detail"])
    story.loop.close()


def test_S02_two_payments_of_zero_under_one_trace_number(tmp_path: Path) -> None:
    """The second is another payment, whatever its trace number; the same content again is a duplicate."""
    story = Story(tmp_path / "loop", "S02")
    outcomes = [payment.outcome for m in story.manifests for payment in m.files[0].payments]
    traces = [payment.trace_number for m in story.manifests for payment in m.files[0].payments]
    assert (outcomes, traces) == (["posted", "posted"], ["0000000", "0000000"])
    same_day = msgspec.structs.replace(
        story.sets[1][0], payment=msgspec.structs.replace(story.sets[1][0].payment, date=_day(story.sets[0]))
    )
    manifest = story.loop.ingest_bytes(write_835((same_day, *story.sets[1][1:])), "same-day.835")
    assert [payment.outcome for payment in manifest.files[0].payments] == ["posted"]
    story.loop.close()
