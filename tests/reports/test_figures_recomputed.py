"""The figures of the reports against plain Python over the tables, with no SQL but SELECT *."""

from __future__ import annotations

from collections import Counter, defaultdict
from contextlib import closing
from datetime import date, timedelta

import pytest

from reconcile.reports.registry import GROUP, Scope, report
from reconcile.store import open_store
from reconcile.store.content import unpack_claim

DAYS = (None, date(2026, 3, 31), date(2026, 4, 7), date(2026, 4, 10))
BEYOND = date(2026, 5, 20)
NAMES = ("claim", "claim_payment", "remittance", "posting", "denial", "acknowledgment", "file", "service_line",
         "claim_content", "provider_adjustment")  # fmt: skip


@pytest.fixture(scope="session")
def tables(looped_folder):
    """Every row of the tables as a mapping, days and times as text."""
    store = open_store(f"sqlite:///{looped_folder / 'claimloop.db'}", looped_folder / "vault", read_only=True)
    with closing(store), store.read() as connection:
        return {
            name: [
                {key: str(value) if isinstance(value, date) else value for key, value in row._mapping.items()}
                for row in connection.exec_driver_sql(f"SELECT * FROM {name}")
            ]
            for name in NAMES
        }


def day(text):
    return date.fromisoformat(text[:10]) if text else None


class World:
    """The store as of a day, worked out from postings one by one."""

    def __init__(self, tables, as_of):
        self.tables = tables
        self.as_of = as_of
        self.today = as_of or BEYOND
        self.paid_on = {
            one["id"]: day(one["payment_date"] or one["production_date"]) for one in tables["remittance"]
        }
        self.claims = {one["id"]: one for one in tables["claim"]}
        self.roots = [
            one for one in tables["claim"]
            if one["id"] == one["root"] and (as_of is None or day(one["date_from"]) <= as_of)
        ]  # fmt: skip
        self.payments = {
            one["id"]: one for one in tables["claim_payment"]
            if one["outcome"] == "posted" and self.counts(one["remittance_id"])
        }  # fmt: skip
        self.root_of = {key: self.claims[one["claim_id"]]["root"] for key, one in self.payments.items()}
        self.day_of = {key: self.paid_on[one["remittance_id"]] for key, one in self.payments.items()}
        self.postings = [one for one in tables["posting"] if one["claim_payment_id"] in self.payments]
        self.denials = [one for one in tables["denial"] if one["claim_payment_id"] in self.payments]
        self.sums = defaultdict(Counter)
        for one in self.postings:
            self.sums[self.root_of[one["claim_payment_id"]]][one["account"]] += one["cents"]

    def counts(self, remittance):
        return self.as_of is None or self.paid_on[remittance] <= self.as_of

    def total(self, name):
        return self.figures(name).total

    def figures(self, name, by=None):
        one = report(name)
        with self.store.read() as connection:
            return one.read(connection, Scope(today=self.today, as_of=self.as_of), one.grouping(by))


@pytest.fixture(params=DAYS, ids=str)
def world(request, tables, looped):
    made = World(tables, request.param)
    made.store = looped
    return made


def tenths(above, below, scale=100):
    return None if not below else int(above * scale * 10 / below + 0.5)


def payer(claim):
    return claim["payer_key"] or claim["payer_name"] or claim["payer_id"]


def test_denials_by_each_grouping(world):
    remittances = {one["id"]: one for one in world.tables["remittance"]}
    lines = {one["id"]: one for one in world.tables["service_line"]}

    def remittance(one):
        return remittances[world.payments[one["claim_payment_id"]]["remittance_id"]]

    def served(one):
        return (lines[one["line_id"]] if one["line_id"] else world.claims[one["claim_id"]])["date_from"]

    groups = {
        "category": lambda one: one["category"],
        "reason": lambda one: f"{one['group_code']}-{one['reason']}",
        "payer": lambda one: payer(remittance(one)),
        "practice": lambda one: world.claims[one["claim_id"]]["practice_id"],
        "code": lambda one: lines[one["line_id"]]["procedure_code"] if one["line_id"] else "(claim)",
        "month": lambda one: served(one)[:7],
        "therapist": therapist_of(world.tables, lines),
    }
    for by, name in groups.items():
        amounts, counts = Counter(), Counter()
        for one in world.denials:
            amounts[name(one)] += one["amount"]
            counts[name(one)] += 1
        told = world.figures("denials", by)
        assert {row[GROUP]: row["amount"] for row in told.rows} == dict(amounts), by
        assert {row[GROUP]: row["count"] for row in told.rows} == dict(counts), by
        assert told.total["count"] == len(world.denials)


def therapist_of(tables, lines):
    contents = {one["claim_id"]: unpack_claim(one["content"]) for one in tables["claim_content"]}

    def name(one):
        claim = contents[one["claim_id"]]
        who = claim.rendering or claim.billing
        number = lines[one["line_id"]]["number"] if one["line_id"] else None
        own = [line.rendering for line in claim.lines if line.number == number and line.rendering]
        who = own[0] if own else who
        return f"{who.npi} {who.last_name}"

    return name


def test_a_denial_is_open_on_the_day_before_it_was_recovered(world):
    waits = sum(one["amount"] for one in world.denials if one["status"] == "open")
    told = world.total("denials")
    if world.as_of is None:
        assert told["open_amount"] == waits
    later = [one for one in world.denials if one["status"] != "open"]
    for one in later:
        after = [
            posting for posting in world.postings
            if posting["line_id"] == one["line_id"] and posting["claim_payment_id"] > one["claim_payment_id"]
            and world.root_of[posting["claim_payment_id"]] == world.root_of[one["claim_payment_id"]]
        ]  # fmt: skip
        waits += one["amount"] if not after and world.as_of is not None else 0
    assert told["open_amount"] == waits


def test_the_denial_rate(world):
    decided, denied = set(), Counter()
    by_payment = defaultdict(list)
    for one in world.denials:
        by_payment[one["claim_payment_id"]].append(one["kind"])
        if one["counted"] and one["kind"] == "merits":
            denied[world.root_of[one["claim_payment_id"]]] += one["amount"]
    accounts = defaultdict(set)
    for one in world.postings:
        accounts[one["claim_payment_id"]].add(
            one["account"] if one["cents"] or one["account"] == "pended" else ""
        )
    for key in world.payments:
        kinds = by_payment[key]
        if (
            accounts[key] & {"paid", "contractual", "patient"}
            or any(kind not in ("duplicate", "unprocessable") for kind in kinds)
            or ("pended" not in accounts[key] and not kinds)
        ):
            decided.add(world.root_of[key])
    told = world.total("rates")
    assert told["adjudicated_claims"] == len(decided)
    assert told["adjudicated"] == sum(world.claims[root]["billed"] for root in decided)
    assert (told["denied_claims"], told["denied"]) == (len(denied), sum(denied.values()))
    assert told["rate_claims"] == tenths(len(denied), len(decided))


def test_first_pass_acceptance(world):
    rejected, dated = set(), defaultdict(list)
    for one in world.tables["acknowledgment"]:
        if one["claim_id"] is None or one["level"] == "line":
            continue
        stated = day(one["stated_on"])
        dated[one["claim_id"]].append(stated)
        if not one["accepted"] and (world.as_of is None or stated is None or stated <= world.as_of):
            rejected.add(one["claim_id"])
    answered = [
        one["id"] for one in world.roots
        if one["acknowledged"]
        and (world.as_of is None or not any(dated[one["id"]]) or min(filter(None, dated[one["id"]])) <= world.as_of)
    ]  # fmt: skip
    told = world.total("acceptance")
    assert (told["sent"], told["answered"]) == (len(world.roots), len(answered))
    assert told["accepted"] == len([one for one in answered if one not in rejected])
    assert told["first_pass_acceptance"] == tenths(told["accepted"], len(answered))


def test_first_pass_resolution(world):
    first = {}
    for key, root in world.root_of.items():
        first[root] = min(first.get(root, date.max), world.day_of[key])
    at_first = {key for key, root in world.root_of.items() if world.day_of[key] == first[root]}
    bad = {
        world.root_of[one["claim_payment_id"]] for one in world.denials if one["claim_payment_id"] in at_first
    }
    bad |= {
        world.root_of[one["claim_payment_id"]] for one in world.postings
        if one["claim_payment_id"] in at_first and one["account"] == "pended" and one["cents"]
    }  # fmt: skip
    bad |= {root for root in first if ":rejected:" in world.claims[root]["acknowledged"]}
    told = world.total("resolution")
    assert told["answered"] == len(first)
    assert told["settled"] == len(first.keys() - bad)


def test_aging_and_days_in_ar(world):
    ages, credit = Counter(), 0
    for claim in world.roots:
        sums = world.sums[claim["id"]]
        left = claim["billed"] - sum(sums[name] for name in ("paid", "contractual", "patient", "denied"))
        age = (world.today - day(claim["date_to"] or claim["date_from"])).days
        bucket = next(
            name for name, last in (("0_30", 30), ("31_60", 60), ("61_90", 90), ("91_120", 120), ("over_120", 10**6))
            if age <= last
        )  # fmt: skip
        ages["days_" + bucket] += max(left + sums["denied"], 0) + max(sums["patient"], 0)
        credit += max(-left - sums["denied"], 0) + max(-sums["patient"], 0)
    told = world.total("aging")
    assert {
        name: cents
        for name, cents in told.items()
        if name.startswith("days_") and name != "days_in_ar" and cents
    } == {name: cents for name, cents in ages.items() if cents}
    charges = sum(
        claim["billed"] for claim in world.roots
        if world.today - timedelta(days=89) <= day(claim["date_from"]) <= world.today
    )  # fmt: skip
    assert told["total"] == sum(ages.values())
    assert told["credits"] == credit
    assert told["charges_90_days"] == charges
    assert told["days_in_ar"] == tenths(told["total"], charges, 90)


def test_net_collection_by_month(world):
    found = defaultdict(Counter)
    for claim in world.roots:
        month, sums = found[claim["date_from"][:7]], world.sums[claim["id"]]
        month["charge"] += claim["billed"]
        for name in ("paid", "contractual", "patient", "denied"):
            month[name] += sums[name]
        month["collected"] += min(sums["paid"], claim["billed"] - sums["contractual"])
        month["open"] += claim["billed"] - sum(
            sums[name] for name in ("paid", "contractual", "patient", "denied")
        )
    told = {row[GROUP]: row for row in world.figures("collection").rows}
    assert told.keys() == found.keys()
    for month, sums in found.items():
        assert {
            name: told[month][name] for name in ("charge", "paid", "contractual", "patient", "denied", "open")
        } == {name: sums[name] for name in ("charge", "paid", "contractual", "patient", "denied", "open")}
        assert told[month]["net_collection"] == tenths(
            sums["collected"], sums["charge"] - sums["contractual"]
        )


def test_preventable_dollars_by_rule(world):
    found = Counter()
    for one in world.denials:
        for rule in one["preventable_by"].split():
            found[rule] += one["amount"]
    told = world.figures("preventable")
    assert {row[GROUP]: row["amount"] for row in told.rows} == dict(found)
    assert told.total["amount"] == sum(one["amount"] for one in world.denials if one["preventable_by"])


def test_payments_add_up(world):
    remittances = [one for one in world.tables["remittance"] if world.counts(one["id"])]
    ids = {one["id"] for one in remittances}
    told = world.total("payments")
    assert told["payments"] == len(remittances)
    assert told["amount"] == sum(one["amount"] for one in remittances)
    assert told["posted"] == sum(one["paid"] for one in world.payments.values())
    adjusted = [one["cents"] for one in world.tables["provider_adjustment"] if one["remittance_id"] in ids]
    assert told["provider_adjustments"] == sum(adjusted)
    assert told["unexplained"] == 0


def test_claims_without_an_answer(world):
    answered = set(world.root_of.values())
    silent = [one for one in world.roots if one["id"] not in answered and one["billed"] > 0]
    told = world.total("silence")
    assert (told["claims"], told["charge"]) == (len(silent), sum(one["billed"] for one in silent))


def test_the_lags_of_payers(world):
    sent = {one["sha256"]: day(one["first_seen"]) for one in world.tables["file"]}
    remittances = {one["id"]: one for one in world.tables["remittance"]}
    lags = defaultdict(list)
    for key, one in world.payments.items():
        claim = world.claims[one["claim_id"]]
        lags[payer(remittances[one["remittance_id"]])].append(
            max((world.day_of[key] - sent[claim["file_sha256"]]).days, 0)
        )
    for row in world.figures("payers").rows:
        held = sorted(lags[row[GROUP]])
        assert row["lags"] == len(held)
        for name, part in (("lag_p50", 0.5), ("lag_p90", 0.9)):
            ranked = held[max(-(-len(held) * int(part * 100) // 100) - 1, 0)] if held else None
            assert row[name] == ranked


def answers_by_payer(world):
    """The posted answers by chain and by the payer of the remittance."""
    remittances = {one["id"]: one for one in world.tables["remittance"]}
    found = defaultdict(set)
    for key, one in world.payments.items():
        found[world.root_of[key], payer(remittances[one["remittance_id"]])].add(key)
    return found


def test_money_belongs_to_the_payer_whose_remittance_says_it(world):
    money, billed, charges = defaultdict(Counter), Counter(), Counter()
    payer_of = {key: name for (_, name), keys in answers_by_payer(world).items() for key in keys}
    for one in world.postings:
        money[payer_of[one["claim_payment_id"]]][one["account"]] += one["cents"]
    for claim in world.roots:
        billed[payer(claim)] += 1
        charges[payer(claim)] += claim["billed"]
    told = {row[GROUP]: row for row in world.figures("payers").rows}
    assert told.keys() == money.keys() | billed.keys()
    for name, row in told.items():
        assert (row["claims"], row["charge"]) == (billed[name], charges[name])
        for account in ("paid", "contractual", "patient"):
            assert row[account] == money[name][account], (name, account)
    if world.as_of is None:
        crossed = told.keys() - billed.keys()
        assert sum(told[name]["paid"] for name in crossed) > 0
        cash = {row[GROUP]: row["from_payers"] for row in world.figures("collections", "payer").rows}
        assert {name: row["paid"] for name, row in told.items() if row["paid"]} == {
            name: cents for name, cents in cash.items() if cents
        }


def test_denials_and_first_answers_belong_to_the_payer_that_gave_them(world):
    denials, settled, answered, denied = defaultdict(list), Counter(), Counter(), defaultdict(Counter)
    for one in world.denials:
        denials[one["claim_payment_id"]].append(one)
    pended = {
        one["claim_payment_id"] for one in world.postings if one["account"] == "pended" and one["cents"]
    }
    for (root, name), keys in answers_by_payer(world).items():
        answered[name] += 1
        first = min(world.day_of[key] for key in keys)
        at_first = {key for key in keys if world.day_of[key] == first}
        rejected = ":rejected:" in world.claims[root]["acknowledged"]
        settled[name] += not (rejected or at_first & pended or any(denials[key] for key in at_first))
        for one in (
            one for key in keys for one in denials[key] if one["counted"] and one["kind"] == "merits"
        ):
            denied[name][root] += one["amount"]
    first = {
        row[GROUP]: (row["answered"], row["settled"]) for row in world.figures("resolution", "payer").rows
    }
    assert first == {name: (count, settled[name]) for name, count in answered.items()}
    rates = {
        row[GROUP]: (row["denied_claims"], row["denied"]) for row in world.figures("rates", "payer").rows
    }
    assert {name: one for name, one in rates.items() if one[0]} == {
        name: (len(roots), sum(roots.values())) for name, roots in denied.items()
    }
    for row in world.figures("payers").rows:
        name = row[GROUP]
        assert (row["answered"], row["settled"]) == first.get(name, (0, 0))
        assert (row["denied_claims"], row["denied"]) == rates.get(name, (0, 0))
    for report_name in ("rates", "resolution"):
        assert world.figures(report_name, "payer").total == world.figures(report_name, "practice").total
