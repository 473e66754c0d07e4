"""Claims to 837P bytes, against x12sdk's generator on claims of the same shape; medians of interleaved runs, CPU time.

    python bench/write_837p.py [--claims 2000] [--runs 5]

Both sides get prepared values (x12sdk a SubmissionSpec, we Claims with parties of their own) and give the bytes of one
interchange: 70 % of the patients are the subscriber, 1 to 3 lines a claim. Our claims also carry a rendering provider,
line control numbers and the whole address of every subscriber, which x12sdk's do not.
"""

from __future__ import annotations

import argparse
import gc
import json
import random
import statistics
import sys
import time
from datetime import date, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from edi.model.claim import Address, Claim, ClaimPayer, Patient, Person, Provider, ServiceLine, Subscriber
from edi.model.directory import Submitter, TradingPartner
from edi.model.remittance import Procedure
from edi.transactions import t837p

FACTOR = 40
"""At least so many times x12sdk's claims a second."""
CREATED = datetime(2026, 3, 20, 9, 30)
PARTNER = TradingPartner(id="bench", sender_id="BENCH", receiver_id="HOUSE", receiver_name="CLEARINGHOUSE")
SUBMITTER = Submitter(organization_name="BENCH BILLING", etin="B1", contact_name="DESK", phone="6175550100")
LAST = ("ABLE", "BAKER", "CARR", "DOVER", "ELLIS", "FINCH", "GROVE", "HALE")


def person(rng: random.Random) -> Person:
    return Person(
        last_name=f"{rng.choice(LAST)}{rng.randrange(1000)}",
        first_name=rng.choice(LAST),
        birth_date=date(1950 + rng.randrange(70), 1 + rng.randrange(12), 1 + rng.randrange(28)),
        sex=rng.choice("FM"),
        address=Address(
            line_1=f"{rng.randrange(9999)} MAIN ST",
            city="BOSTON",
            state="MA",
            zip=f"{rng.randrange(10**9):09d}",
        ),
    )


def claim(rng: random.Random, number: int) -> Claim:
    day = date(2026, 1 + rng.randrange(3), 1 + rng.randrange(28))
    dependent = rng.random() < 0.3
    lines = tuple(
        ServiceLine(
            number=place,
            procedure=Procedure("HC", rng.choice(("97110", "97140", "97530", "97112")), ("GP",)),
            charge=rng.randrange(4000, 20000, 5),
            units=str(rng.randrange(1, 4)),
            pointers=(1,),
            date_from=day,
            date_to=day,
            line_control_number=f"L{number:07d}{place}",
        )
        for place in range(1, rng.randrange(1, 4) + 1)
    )
    return Claim(
        patient_control_number=f"C{number:08d}",
        charge=sum(line.charge for line in lines),
        diagnoses=("M5450", "R262"),
        dates=(("431", day),),
        billing=Provider(
            is_person=False,
            last_name="BENCH THERAPY",
            npi="1000000103",
            taxonomy="261QP2000X",
            tax_id="123456789",
            address=Address(line_1="1 WAY", city="BOSTON", state="MA", zip="021390001"),
        ),
        rendering=Provider(
            is_person=True, last_name="WALKER", first_name="PAT", npi="1000000202", taxonomy="225100000X"
        ),
        subscriber=Subscriber(
            is_patient=not dependent, person=person(rng), member_id=f"W{number:09d}", filing_indicator="CI"
        ),
        patient=Patient(relationship="19", person=person(rng)) if dependent else None,
        payer=ClaimPayer(name=f"PLAN {rng.randrange(20)}", id=f"{rng.randrange(20):05d}"),
        lines=lines,
    )


def write(claims: list[Claim]) -> bytes:
    return t837p.write(
        [("0001", claims)],
        submitter=SUBMITTER,
        partner=PARTNER,
        interchange_control_number=1,
        group_control_number=1,
        created=CREATED,
    ).data


def timed(work, *arguments) -> float:
    gc.collect()
    start = time.process_time()
    work(*arguments)
    return time.process_time() - start


def main() -> None:
    from x12sdk.generate import SubmissionSpec, generate_837p
    from x12sdk.generate._837p import random_patients
    from x12sdk.generate._values import ValueFactory

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--claims", type=int, default=2000)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    rng = random.Random(7)
    peer_claims = max(100, options.claims // 10)
    spec = SubmissionSpec(patients=random_patients(peer_claims, ValueFactory(7)))
    ours = [claim(rng, number) for number in range(options.claims)]
    peer: list[float] = []
    own: list[float] = []
    for _ in range(options.runs):
        peer.append(peer_claims / timed(lambda: generate_837p(seed=7, claims=spec).encode()))
        own.append(options.claims / timed(write, ours))
    ratio = statistics.median(own) / statistics.median(peer)
    met = ratio >= FACTOR
    print(
        json.dumps(
            {
                "measure": "claims to 837P bytes",
                "claims_per_second": round(statistics.median(own)),
                "x12sdk_claims_per_second": round(statistics.median(peer)),
                "ratio": round(ratio, 1),
                "wanted": f">= {FACTOR}",
                "met": met,
            }
        )
    )
    sys.exit(not met)


if __name__ == "__main__":
    main()
