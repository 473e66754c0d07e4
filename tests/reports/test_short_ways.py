"""The sums of reports, read by short ways, against the rows that define them: random books, several payers, any day."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from datetime import date, datetime, timedelta

import pytest

from fixtures.report_store import Rows
from reconcile.reports import acceptance, aging, collection, rates, resolution
from reconcile.reports.registry import Scope
from reconcile.store import open_store
from reconcile.store.report_rows import acknowledged, answer_sums, answers, balances, denials
from reconcile.store.report_rows.books import (
    ANSWERS,
    COLLECTED,
    COLLECTED_SUMS,
    EVERYTHING,
    HEARD,
    OPEN,
    Books,
)
from reconcile.store.report_rows.scope import listed
from reconcile.store.schema import (
    AcknowledgmentRow,
    ClaimPaymentRow,
    ClaimRow,
    DenialRow,
    FileRow,
    PostingRow,
    PracticeRow,
    RemittanceRow,
    ServiceLineRow,
)

DAY = date(2026, 3, 1)
PAYERS = (("aster", "ASTER"), ("borage", "BORAGE"), ("", "Clover Plan"), ("", ""))
ACCOUNTS = ("paid", "contractual", "patient", "denied", "pended")
BALANCED = ("paid", "contractual", "patient", "denied", "pended")
KINDS = ("merits", "merits", "duplicate", "unprocessable")
SAID = ("", "277CA:accepted:A2", "277CA:rejected:A3", "999:accepted:A", "999:rejected:R")
SCOPES = {
    "all": Scope(today=date(2026, 5, 1)),
    "as of": Scope(today=date(2026, 3, 20), as_of=date(2026, 3, 20)),
    "payer": Scope(today=date(2026, 5, 1), payer="borage"),
    "unnamed payer": Scope(today=date(2026, 5, 1), payer="Clover Plan"),
    "practice and days": Scope(today=date(2026, 5, 1), practice="p1", since=DAY, until=date(2026, 3, 15)),
    "payer as of": Scope(today=date(2026, 3, 20), as_of=date(2026, 3, 20), payer="aster"),
}
NAMES = {
    COLLECTED: ("claims", *COLLECTED_SUMS),
    OPEN: (
        "payers_balances",
        "payers_cents",
        "payers_credits",
        "patients_cents",
        "patients_credits",
        "recent",
    ),
    ANSWERS: ("answered", "decided", "decided_charge", "silent", "silent_charge"),
    HEARD: ("unheard",),
}
"""What each part sums."""
CASES = (
    *((name, "payer") for name in SCOPES),
    ("as of", "practice"),
    ("practice and days", "practice"),
    ("all", "month"),
    ("payer as of", "month"),
)
"""Who answered matters by payer alone; the other groupings are seen with and without it."""


def some_day(chance: random.Random) -> date:
    return DAY + timedelta(days=chance.randint(0, 40))


def books(connection, chance: random.Random, claims: int = 210) -> None:
    """Random chains, answers of any payer, postings that go back and forth, denials, acknowledgments."""
    out = {
        "practice": Rows(PracticeRow, "id", "name", "source"),
        "file": Rows(FileRow, "sha256", "direction", "kind", "name", "outcome", "first_seen"),
        "remittance": Rows(RemittanceRow, "id", "payment_key", "payer_key", "payer_name", "payment_date",
                           "production_date", "practice_id"),
        "claim": Rows(ClaimRow, "id", "practice_id", "patient_control_number", "sequence", "root", "payer_key",
                      "payer_name", "date_from", "date_to", "source", "file_sha256", "content_digest", "status",
                      "acknowledged", "adjudications", "billed", *BALANCED, "open_balance", "rendered_by"),
        "line": Rows(ServiceLineRow, "id", "claim_id", "number", "charge", "rendered_by"),
        "payment": Rows(ClaimPaymentRow, "id", "remittance_id", "ordinal", "outcome", "claim_id", "status"),
        "posting": Rows(PostingRow, "claim_payment_id", "ordinal", "account", "cents"),
        "denial": Rows(DenialRow, "id", "claim_id", "claim_payment_id", "line_id", "group_code", "reason", "amount",
                       "counted", "kind", "status", "preventable_by"),
        "ack": Rows(AcknowledgmentRow, "set_digest", "ordinal", "kind", "level", "accepted", "code", "stated_on",
                    "claims", "claim_id"),
    }  # fmt: skip
    for name in ("p1", "p2"):
        out["practice"].add(name, name, "settings")
    for number in range(4):
        seen = datetime.combine(some_day(chance), datetime.min.time())
        out["file"].add(f"f{number}", "out", "837", f"{number}.837", "sent", seen)
    for number in range(1, 13):
        key, name = chance.choice(PAYERS)
        day = None if chance.random() < 0.1 else some_day(chance)
        out["remittance"].add(number, f"k{number}", key, name, day, day and day - timedelta(days=1), "p1")
    ordinals: Counter[int] = Counter()
    sums: dict[int, Counter[str]] = defaultdict(Counter)
    made: list[tuple[int, str, int]] = []
    payment = posting = 0
    for claim in range(1, claims + 1):
        root = chance.choice(made)[0] if made and chance.random() < 0.25 else claim
        practice = next((one[1] for one in made if one[0] == root), chance.choice(("p1", "p2")))
        made.append((root, practice, claim))
        for _ in range(chance.choice((0, 1, 1, 1, 2, 3))):
            payment += 1
            remittance = chance.randint(1, 12)
            posted = chance.random() < 0.9
            status = chance.choice(("1", "4", "22"))
            out["payment"].add(payment, remittance, ordinals[remittance], "posted" if posted else "unmatched",
                               claim if posted else None, status)  # fmt: skip
            ordinals[remittance] += 1
            if not posted:
                continue
            sums[claim]["adjudications"] += 1
            for place in range(chance.choice((0, 1, 2, 3))):
                account, cents = chance.choice(ACCOUNTS), chance.choice((-500, -100, 0, 100, 500))
                out["posting"].add(payment, place, account, cents)
                sums[root][account] += cents
                posting += 1
            if chance.random() < 0.35:
                kind = chance.choice(KINDS)
                out["denial"].add(f"d{payment}", claim, payment, claim * 10 if chance.random() < 0.7 else None, "CO",
                                  "50", chance.choice((100, 500)), kind == "merits", kind,
                                  chance.choice(("open", "recovered")), chance.choice(("", "AUT001")))  # fmt: skip
        if chance.random() < 0.7:
            out["ack"].add(f"a{claim}", 0, "277CA", chance.choice(("claim", "line")), chance.random() < 0.7, "A2",
                           None if chance.random() < 0.2 else some_day(chance), 1, claim)  # fmt: skip
    for root, practice, claim in made:
        key, name = chance.choice(PAYERS)
        day = None if chance.random() < 0.05 else some_day(chance)
        billed = 1000 if root == claim else 0
        held = sums[claim]
        left = billed - sum(held[one] for one in ("paid", "contractual", "patient", "denied"))
        npi = chance.randint(1, 3)
        out["claim"].add(claim, practice, f"C{claim}", claim, root, key, name, day, day,
                         chance.choice(("created", "imported")), f"f{chance.randint(0, 3)}", str(claim), "paid",
                         chance.choice(SAID), held["adjudications"], billed, *(held[one] for one in BALANCED),
                         left if root == claim else 0, f"100000000{npi} {chance.choice('AB')}{npi}")  # fmt: skip
        out["line"].add(claim * 10, claim, 1, 1000, chance.choice(("", "1000000009 Own")))
    for rows in out.values():
        rows.flush(connection)


SEEDS = (0, *(pytest.param(seed, marks=pytest.mark.soak) for seed in (1, 2)))
"""One store holds what three did; putting the queries together costs more than running them."""


@pytest.fixture(scope="module", params=SEEDS, ids=lambda seed: f"seed {seed}")
def store(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("books")
    made = open_store(f"sqlite:///{folder / 'books.db'}", folder / "vault")
    with made.write() as connection:
        books(connection, random.Random(request.param))
    yield made
    made.close()


@pytest.fixture(params=SCOPES, ids=list(SCOPES))
def scope(request):
    return SCOPES[request.param]


def rate_of(rows):
    """What rows of ``rate_rows`` come to, by group."""
    found = defaultdict(lambda: [0] * 8)
    for row in rows:
        denied = row["denied_cents"]
        for place, counts in ((0, True), (4, row["once"])):
            if counts:
                found[row["group"]][place] += 1
                found[row["group"]][place + 1] += row["charge"]
                found[row["group"]][place + 2] += denied is not None
        found[row["group"]][3] += denied or 0
        found[row["group"]][7] += denied or 0
    return dict(found)


@pytest.mark.parametrize(("scope", "by"), CASES, indirect=["scope"])
def test_rates_are_those_of_the_rows(store, scope, by):
    with store.read() as connection:
        sums = answer_sums.rate_sums(Books(connection, scope), by)
        rows = rate_of(listed(connection, answers.rate_rows(scope, by)))
        assert {
            name: [getattr(one, field) for field in one.__struct_fields__] for name, one in sums.items()
        } == rows


@pytest.mark.parametrize(("scope", "by"), CASES, indirect=["scope"])
def test_first_answers_are_those_of_the_rows(store, scope, by):
    with store.read() as connection:
        rows = list(listed(connection, answers.resolution_rows(scope, by)))
        claims = Counter((row["group"], row["outcome"]) for row in rows)
        once = Counter((row["group"], row["outcome"]) for row in rows if row["once"])
        sums = answer_sums.resolution_sums(Books(connection, scope), by)
        assert {(one.group, one.outcome): (one.claims, one.once) for one in sums} == {
            key: (count, once[key]) for key, count in claims.items()
        }


@pytest.mark.parametrize(("scope", "by"), CASES, indirect=["scope"])
def test_acknowledgments_are_those_of_the_rows(store, scope, by):
    with store.read() as connection:
        rows = Counter(
            (row["group"], row["outcome"])
            for row in listed(connection, acknowledged.acceptance_rows(scope, by))
        )
        sums = answer_sums.acceptance_sums(Books(connection, scope), by)
        assert {(one.group, one.outcome): one.claims for one in sums} == rows


def test_all_claims_together_are_the_sum_of_their_practices(store, scope):
    with store.read() as connection:
        for one in (acceptance, aging, collection, rates, resolution):
            together, apart = (one.whole(one.groups(Books(connection, scope), by)) for by in ("", "practice"))
            assert together == apart, one.__name__
        assert sum(row[2] for row in denials.denial_sums(connection, scope, "")) == sum(
            row[2] for row in denials.denial_sums(connection, scope, "practice")
        )


@pytest.mark.parametrize("scope", ["all", "as of"], indirect=True)
def test_sums_taken_together_are_those_taken_one_by_one(store, scope):
    with store.read() as connection:
        together, apart = Books(connection, scope, "payer", EVERYTHING), Books(connection, scope)
        for part in EVERYTHING:
            found: list[Counter] = []
            for books in (together, apart):
                sums: Counter = Counter()
                for one in books.sums("payer", part):
                    sums.update({(one["group"], name): one[name] for name in NAMES[part]})
                found.append(sums)
            assert found[0] == found[1], part
            assert any(found[0].values()), part


@pytest.mark.parametrize("day", [None, *(DAY + timedelta(days=days) for days in (-1, 8, 19, 30, 60))])
def test_balances_of_a_day_are_the_postings_up_to_it(store, day):
    """By a second path: postings summed in Python; what is open is the charge less what answers for it."""
    scope = Scope(today=day, as_of=day) if day else SCOPES["all"]
    with store.read() as connection:
        rows = connection.execute(Books(connection, scope).states().select()).all()
        posted = connection.exec_driver_sql(
            "SELECT c.root, p.account, p.cents, COALESCE(r.payment_date, r.production_date) FROM posting p"
            " JOIN claim_payment x ON x.id = p.claim_payment_id JOIN remittance r ON r.id = x.remittance_id"
            " JOIN claim c ON c.id = x.claim_id"
        ).all()
    expected: dict[int, Counter] = defaultdict(Counter)
    for root, account, cents, paid_on in posted:
        if scope.as_of is None or paid_on is None or str(paid_on) <= scope.as_of.isoformat():
            expected[root][account] += cents
    for row in rows:
        sums = expected[row.id]
        assert [getattr(row, name) for name in BALANCED] == [sums[name] for name in BALANCED], row.id
        assert row.open == row.charge - sum(sums[name] for name in BALANCED if name != "pended"), row.id


def test_the_money_of_payers_is_that_of_the_rows(store, scope):
    with store.read() as connection:
        found = defaultdict(Counter)
        for row in listed(connection, balances.money_rows(scope)):
            found[row["group"]].update({name: row[name] for name in balances.SAID})
        sums = balances.money_sums(Books(connection, scope))
    expected = {name: {one: held[one] for one in balances.SAID} for name, held in found.items()}
    assert {name: one for name, one in sums.items() if any(one.values())} == {
        name: one for name, one in expected.items() if any(one.values())
    }


def test_lags_are_those_of_the_rows(store, scope):
    with store.read() as connection:
        rows = Counter(
            (row["group"], row["sent_on"], row["paid_on"])
            for row in listed(connection, balances.lag_rows(scope))
        )
        sums: Counter = Counter()
        for *key, count in balances.lag_counts(connection, scope):
            sums[tuple(key)] += count
    assert sums == rows


def test_a_claim_that_nobody_answered_is_silent(store, scope):
    with store.read() as connection:
        rows = list(listed(connection, answers.silence_rows(scope, "practice")))
        heard = {
            row.root
            for row in connection.execute(answers.posted_answers(scope).add_columns(answers.CLAIM.c.root))
        }
        claims = connection.execute(answers.claims_of(scope).select()).all()
    assert {row["id"] for row in rows} == {one.id for one in claims if one.charge and one.id not in heard}


def test_therapists_have_one_name_each(store, scope):
    """By a second path: each denial's therapist, his own line's, else the claim's, one name an NPI."""
    with store.read() as connection:
        told = connection.exec_driver_sql(
            "SELECT d.id, CASE WHEN COALESCE(l.rendered_by, '') <> '' THEN l.rendered_by ELSE c.rendered_by END, c.id"
            " FROM denial d JOIN claim c ON c.id = d.claim_id LEFT JOIN service_line l ON l.id = d.line_id"
        ).all()
        known = {
            row["denial_id"]: row["amount"]
            for row in listed(connection, denials.denial_rows(connection, scope, "code"))
        }
        first = {}
        for _, label, _claim in sorted(
            (row for row in told if row[0] in known), key=lambda row: (row[2], row[1])
        ):
            first.setdefault(label.split()[0], label)
        expected = Counter()
        for name, label, _ in told:
            if name in known:
                expected[first[label.split()[0]]] += known[name]
        sums = denials.denial_sums(connection, scope, "therapist")
    assert {name: cents for name, _, cents, *_ in sums} == expected
