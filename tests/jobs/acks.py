"""Acknowledgments as a clearinghouse writes them, and files of ours that they answer."""

from __future__ import annotations

from reconcile.store import ClaimOrigin, save_claims
from tests.builders import PRACTICE_NPI, make_claim, make_line

HEAD = (
    "ISA*00*          *00*          *ZZ*HOUSE          *ZZ*PRACTICE       *260320*1200*^*00501*{0:09d}*0*P*:~"
)


def enveloped(functional: str, version: str, body: list[str], control: int = 5) -> bytes:
    """One transaction set in its envelope."""
    kind = body[0].split("*")[1]
    segments = [
        HEAD.format(control),
        f"GS*{functional}*HOUSE*PRACTICE*20260320*1200*{control}*X*{version}~",
        *(f"{segment}~" for segment in body),
        f"SE*{len(body) + 1}*0001~",
        f"GE*1*{control}~",
        f"IEA*1*{control:09d}~",
    ]
    assert kind
    return "\n".join(segments).encode()


def functional_answer(code: str = "A", group: str = "7", control: int = 5) -> bytes:
    """A 999 about ST 0001 of a group."""
    body = [
        "ST*999*0001*005010X231A1",
        f"AK1*HC*{group}*005010X222A1",
        "AK2*837*0001*005010X222A1",
        f"IK5*{code}",
        f"AK9*{code}*1*1*{1 if code == 'A' else 0}",
    ]
    return enveloped("FA", "005010X231A1", body, control)


def claim_answer(
    number: str, category: str, charge: str = "100", *, npi: str = PRACTICE_NPI, day: str = "20260320"
) -> bytes:
    """A 277CA about one claim."""
    body = [
        "ST*277*0001*005010X214",
        "BHT*0085*08*REF1*20260320*1200*TH",
        "HL*1**20*1",
        "NM1*PR*2*ACME HEALTH*****PI*12345",
        "TRN*1*T1",
        "DTP*050*D8*20260320",
        "DTP*009*D8*20260320",
        "HL*2*1*21*1",
        "NM1*41*2*SUBMITTER*****46*S1",
        "TRN*2*B1",
        f"STC*A1:19:PR*20260320*WQ*{charge}",
        "HL*3*2*19*1",
        f"NM1*85*2*ORCHARD THERAPY*****XX*{npi}",
        "TRN*1*0",
        "HL*4*3*PT",
        "NM1*QC*1*PATIENT*TEST****MI*W123456789",
        f"TRN*2*{number}",
        f"STC*{category}:20:PR*{day}*{'WQ' if category < 'A3' else 'U'}*{charge}",
        "REF*1K*PAYER77",
        "DTP*472*D8*20260310",
    ]
    return enveloped("HN", "005010X214", body)


def whole_answer(reference: str, *, npi: str = "", day: str = "20260320") -> bytes:
    """A 277CA that rejects a whole transaction set of ours (BHT03), or with ``npi`` all claims of that provider."""
    body = [
        "ST*277*0001*005010X214",
        "BHT*0085*08*REF1*20260320*1200*TH",
        "HL*1**20*1",
        "NM1*PR*2*ACME HEALTH*****PI*12345",
        "TRN*1*T1",
        "DTP*050*D8*20260320",
        "DTP*009*D8*20260320",
        "HL*2*1*21*1",
        "NM1*41*2*SUBMITTER*****46*S1",
        f"TRN*2*{reference}",
    ]
    if npi:
        body += [f"STC*A1:19:PR*{day}*WQ*200", "HL*3*2*19*0", f"NM1*85*2*ORCHARD THERAPY*****XX*{npi}"]
        body += ["TRN*1*0", f"STC*A3:24:85*{day}*U*200"]
    else:
        body.append(f"STC*A3:24:41*{day}*U*200")
    return enveloped("HN", "005010X214", body)


def sent_file(desk, partner: str, claim_number: str, *others: str, variant: str = "") -> None:
    """A file of group 1 and set 0001 to a partner, in the vault, with its claims in it."""
    receiver = f"{partner.upper():<15}"
    data = "\n".join(
        [
            f"ISA*00*          *00*          *ZZ*ORCH01         *ZZ*{receiver}*260319*1200*^*00501*000000001*0*P*:~",
            f"GS*HC*ORCH01*{partner.upper()}*20260319*1200*1*X*005010X222A1~",
            f"ST*837*0001*005010X222A1~BHT*0019*00*{claim_number}{variant}*20260319*1200*CH~SE*3*0001~",
            "GE*1*1~IEA*1*000000001~",
        ]
    ).encode()
    kept = desk.store.vault.keep([data])
    origin = ClaimOrigin(
        source="created",
        partner=partner,
        file_sha256=kept.sha256,
        interchange_control_number="000000001",
        group_control_number="1",
        st_control_number="0001",
    )
    claims = [
        make_claim(
            patient_control_number=number,
            lines=(
                make_line(1, line_control_number=f"1{number}"),
                make_line(2, "97140", line_control_number=f"2{number}"),
            ),
        )
        for number in (claim_number, *others)
    ]
    with desk.store.write() as connection:
        save_claims(connection, claims, origin)


def from_partner(data: bytes, partner: str) -> bytes:
    """An answer in the envelope of a partner to ORCH01."""
    isa, sender = b"*ZZ*HOUSE          *ZZ*PRACTICE       ", f"{partner.upper():<15}"
    data = data.replace(isa, f"*ZZ*{sender}*ZZ*ORCH01         ".encode())
    return data.replace(b"*HOUSE*PRACTICE*", f"*{partner.upper()}*ORCH01*".encode())
