"""837P files of a practice that are broken on purpose, and pyx12's own 999 for them."""

from __future__ import annotations

import io
from collections.abc import Sequence

import pyx12.params
import pyx12.x12n_document

from reconcile.store import ClaimOrigin, Store, save_claims
from reconcile.store.files import SENT, register_file
from tests.builders import make_claim, make_line
from tests.jobs.conftest import NOW

NUMBERS = ("A0000001", "A0000002")


def file_of_two() -> str:
    """An 837P of two claims, each under a subscriber of its own; segments end in line breaks."""
    parts = [
        "ISA*00*          *00*          *ZZ*ORCH01         *ZZ*HOUSE          *260320*1200*^*00501*000000001*0*T*:",
        "GS*HC*ORCH01*HOUSE*20260320*1200*1*X*005010X222A1",
        "ST*837*0001*005010X222A1",
        "BHT*0019*00*REF1*20260320*1200*CH",
        "NM1*41*2*ORCHARD BILLING*****46*ORCH01",
        "PER*IC*BILLING*TE*6175550100",
        "NM1*40*2*TEST CLEARINGHOUSE*****46*HOUSE",
        "HL*1**20*1",
        "PRV*BI*PXC*261QP2000X",
        "NM1*85*2*ORCHARD THERAPY*****XX*1000000103",
        "N3*12 ORCHARD ROAD",
        "N4*BOSTON*MA*021390001",
        "REF*EI*123456789",
    ]
    for place, number in enumerate(NUMBERS, 2):
        parts += [
            f"HL*{place}*1*22*0",
            "SBR*P*18*******MB",
            f"NM1*IL*1*TESTER*ADA****MI*1EG4TE5MK7{place}",
            "N3*1 EXAMPLE STREET",
            "N4*BOSTON*MA*02139",
            "DMG*D8*19500517*F",
            "NM1*PR*2*FEDERAL PART B*****PI*04412",
            f"CLM*{number}*100***11:B:1*Y*A*Y*Y",
            "HI*ABK:M5450",
            "NM1*DN*1*REED*ROBIN****XX*1000000301",
            "NM1*82*1*WALKER*PAT****XX*1000000202",
            "LX*1",
            "SV1*HC:97110:GP*100*UN*1***1",
            "DTP*472*D8*20260310",
            f"REF*6R*L{place}",
        ]
    parts += [f"SE*{len(parts) - 1}*0001", "GE*1*1", "IEA*1*000000001"]
    return "".join(f"{part}~\n" for part in parts)


def pyx12_answer(text: str) -> bytes:
    """The 999 that pyx12 writes about an 837P."""
    answer = io.StringIO()
    pyx12.x12n_document.x12n_document(pyx12.params.params(), io.StringIO(text), answer, None)
    return answer.getvalue().encode()


def keep_sent(store: Store, text: str, *, partner: str = "house", numbers: Sequence[str] = NUMBERS) -> None:
    """The file in the vault, and its claims in the store as they were sent in it."""
    data = text.encode()
    kept = store.vault.keep([data])
    origin = ClaimOrigin(
        source="created",
        partner=partner,
        file_sha256=kept.sha256,
        interchange_control_number="000000001",
        group_control_number="1",
        st_control_number="0001",
    )
    claims = [
        make_claim(patient_control_number=number, lines=(make_line(1, line_control_number=f"1{number}"),))
        for number in numbers
    ]
    with store.write() as connection:
        save_claims(connection, claims, origin)
        register_file(
            connection,
            kept.sha256,
            size=kept.size,
            direction="out",
            kind="837P",
            name=f"{partner}-1.837",
            outcome=SENT,
            at=NOW,
        )
