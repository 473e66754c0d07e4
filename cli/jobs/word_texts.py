"""Words that the program prints and a person may ask about: next actions, reasons, evidence, states. For `explain`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

ACTIONS: Final[Mapping[str, str]] = {
    "appeal": "Appeal to the payer before its deadline.",
    "appeal_or_bill_patient": "Appeal; only when that is lost, and the payer makes it the patient's, bill the patient.",
    "appeal_or_writeoff": "Appeal if there is a case; else write it off. The patient is not billed.",
    "appeal_to_prior_payer": "Take it up with the payer that came first: its rules were not followed.",
    "appeal_with_proof_else_writeoff": "Appeal with proof of timely filing (277CA, 999); without proof write it off.",
    "appeal_with_records": "Appeal with the treatment records that show why the service was needed.",
    "appeal_with_records_no_patient_billing": "Appeal with the treatment records; the patient is not billed.",
    "attest_kx_then_reopen": "Ask the therapist whether he attests; if so, have the claim reopened with KX.",
    "await_other_payer": "Wait: the claim was passed on to the other payer, whose answer is to come.",
    "bill_facility": "Bill the facility or agency that is paid for the whole stay or episode.",
    "bill_hospice_or_GW_modifier": (
        "Bill the hospice; with GW if the service has nothing to do with the hospice's illness."
    ),
    "bill_other_payer": "Bill the payer that is liable.",
    "bill_patient": "Bill the patient, once nothing is open with a payer.",
    "bill_patient_limited": "Bill the patient, up to the amount that the payer named.",
    "bill_patient_msa": "Bill the patient, whose settlement set money aside for it.",
    "bill_patient_or_GY_secondary": "Bill the patient, or the next payer with GY.",
    "bill_patient_or_appeal": "Bill the patient, or appeal if the payer is wrong.",
    "bill_patient_or_secondary": "Bill the next payer; the patient if there is none.",
    "bill_primary_then_resubmit_with_eob": (
        "Bill the payer that comes first, then this one with the first one's answer."
    ),
    "bill_secondary": "Bill the next payer.",
    "bill_secondary_or_writeoff": "Bill the next payer; without one write it off. The patient is not billed.",
    "bill_secondary_or_patient": "Bill the next payer; the patient if there is none.",
    "check_original_no_resubmit": (
        "Look how the first submission was answered and close this one; do not send it again."
    ),
    "collect_from_patient": "Collect from the patient, whom the payer paid.",
    "collect_from_attorney": "Collect from the attorney who was paid.",
    "compliance_review_writeoff": "Hand it to whoever is responsible for compliance; then write it off.",
    "contact_payer_contracting_appeal": (
        "Ask the payer's contracting desk for the rate on file; appeal with the contract."
    ),
    "correct_auth_resubmit": "Correct the authorization number and send it again.",
    "correct_or_appeal": "Correct what is wrong and send it again; if nothing is wrong, appeal.",
    "correct_or_writeoff": "Correct the diagnosis or code if it is wrong; else write it off. No patient is billed.",
    "correct_or_bill_patient": "Correct the diagnosis or code if it is wrong; else bill the patient.",
    "correct_or_contracting": "Correct the code if it is wrong; else ask the payer to add it to the fee schedule.",
    "correct_referrer_resubmit": "Correct the referring provider's name and NPI and send it again.",
    "correct_resubmit": "Correct what the codes name and send the claim again.",
    "correct_resubmit_freq7": "Send a corrected claim that replaces the first (frequency 7).",
    "correct_resubmit_new_claim": "Correct it and send a new claim (frequency 1); it was never processed.",
    "correct_resubmit_or_appeal": "Correct it and send it again; if it was right, appeal.",
    "correct_resubmit_per_rarc": "Correct what the remark code names and send it again.",
    "correct_resubmit_with_REF_F8": "Send it again with the payer's claim control number (REF*F8).",
    "correct_units_or_appeal": "Correct the units if too many were billed; if the minutes bear them out, appeal.",
    "expect_home_health_recoupment": "Expect the money back: a home health episode is open; ask the agency.",
    "extend_auth_or_appeal": "Have the authorization extended backwards; else appeal.",
    "fix_enrollment_resubmit": "Mend the provider's enrolment with the payer, then send it again.",
    "fix_taxonomy_resubmit": "Correct the taxonomy code, on the claim or with the payer, and send it again.",
    "hold_wait": "Wait: the payer tells more in another letter.",
    "investigate": "Find out who was paid, and why, before anything is sent.",
    "investigate_takeback": "Find out which payer is liable before the money is given back.",
    "modifier_24_79_or_writeoff": "Add 24 or 79 if the records show a service apart from surgery; else write it off.",
    "modifier_25_or_writeoff": "Add 25 if the records show a separate evaluation; else write it off.",
    "next_level_appeal_or_writeoff": "Go to the next level of appeal, or write it off.",
    "no_appeal": "There is no appeal: correct it and send it again if it can be corrected, else write it off.",
    "no_patient_billing": "Do not bill the patient beyond the PR amounts.",
    "no_resubmit_appeal_only": "Do not send it again; appeal.",
    "none": "Nothing is to be done; the remark informs.",
    "obtain_info_resubmit_per_rarc": "Get what the remark code names from the other provider, then send it again.",
    "obtain_order_resubmit": "Get the physician's order and send it again.",
    "obtain_referral_resubmit": "Get the referral and send it again with its number.",
    "patient_contact_bill_patient": "Have the patient answer the payer's letter; bill the patient if he does not.",
    "patient_contact_no_patient_billing": "Have the patient answer the payer's letter; he is not billed.",
    "per_rarc": "The remark code decides; without one, ask the payer.",
    "per_rarc_bill_patient_or_appeal": "The remark code and the group decide: PR is the patient's, else appeal.",
    "post_contractual_writeoff": "Write it off as contractual; look at it first when it took the whole charge.",
    "post_only": "Post it; nothing is to be done.",
    "post_only_track_withhold": "Post it, and keep count of what the payer withholds for later.",
    "post_patient_payment": "Post what the patient paid; nothing is to be done.",
    "post_reversal": "Post the reversal; the corrected claim follows it.",
    "post_track_deferral": "Post it, and keep count of what the payer pays later.",
    "post_track_tax": "Post it, and keep count of the tax.",
    "rebill_professional_claim": "Bill the professional part alone.",
    "rebill_technical": "Bill the technical part alone.",
    "refund_patient": "Give the patient back what was collected too much.",
    "resolve_with_prior_payer": "Clear it with the payer that came first.",
    "resubmit": "Send the claim again; the payer has its answer but not the claim.",
    "resubmit_with_primary_eob": "Send it again with the first payer's amounts and reasons.",
    "retro_auth_or_appeal": "Ask for an authorization after the fact; else appeal.",
    "review_contract": "Compare with the contract; appeal if the contract says otherwise.",
    "review_history": "Look at what was billed for the patient before; the payer counted that.",
    "review_ncci_modifier_correct_or_writeoff": (
        "Look whether the records show a separate service: if so, correct the modifier; else write it off."
    ),
    "review_payer_recode": "Compare the code paid with the code billed; appeal if the records bear that out.",
    "review_unknown_code": "A person looks up the code in the payer's notice and decides.",
    "seek_277ca_proof_or_cms_exception_reopening_no_appeal": (
        "Look for the 277CA that proves timely filing, or a CMS exception, and ask for a reopening; no appeal."
    ),
    "send_documentation": "Send the payer the records it asks for.",
    "split_and_resubmit": "Split the claim at the day the coverage changed and send it again.",
    "verify_benefits_bill_patient": "Check the benefits; if they are used up, bill the patient.",
    "verify_benefits_bill_patient_or_appeal": "Check the benefits; bill the patient if they exclude it, else appeal.",
    "verify_demographics_correct": "Check the patient's name, birth date and dates with the payer; correct and resend.",
    "verify_eligibility_bill_other": "Ask who covered the day, and bill that payer.",
    "verify_eligibility_bill_other_or_patient": (
        "Ask who covered the day, and bill that payer; the patient only when nobody did."
    ),
    "verify_eligibility_bill_patient": "Check eligibility; bill the patient if the payer is right.",
    "verify_eligibility_correct_resubmit": "Check member id and name with the payer, correct them and send it again.",
    "verify_identity": "Check with the patient and the payer that the patient is who he says.",
    "verify_plan_bill_mco": "Find the managed care plan of that day and send it a new claim.",
    "void_freq8_then_new_claim": "Void the first claim (frequency 8), then send a new one.",
    "write_off": "Write it off; the patient is not billed.",
    "write_off_no_patient_billing": "Write it off; the patient is not billed.",
    "write_off_or_modifier": "Write it off, unless the records show that a modifier is right.",
    "write_off_per_private_contract": "Write it off here; the private contract with the patient rules.",
}
"""What each next action of a denial asks a person to do."""

_WAITS: Final = "why a claim payment waits (unmatched list, held list)"
_EVIDENCE: Final = "how a payment or its line was tied to what was billed (claims show)"
_DIFFERS: Final = "what differs between a payment and the claim it was tied to"
_CLAIM: Final = "where a claim stands (claims list)"
_DENIAL: Final = "where a denial stands (denials list)"
_FILE: Final = "what became of a file or payment (ingest)"
_KIND: Final = "what kind of denial it is (denials list)"
_BANK: Final = "what is known of a deposit or an 835's money (deposits list)"
_CHAIN: Final = "where a chain of provider adjustments stands (report takebacks, claims show)"
_TOLD: Final = "what a payer said of a claim when it was asked (claims status list)"
_MONEY: Final = "where money stands (claims show, demo)"
_SOURCE: Final = "where a payment comes from (export postings, eob, report collections)"
_MOVES: Final = "what a posting moves (export postings)"
_NOTHING: Final = "why a session line is not billed (claims create)"

WORDS: Final[Mapping[str, tuple[tuple[str, str], ...]]] = {
    "appealed": ((_DENIAL, "An appeal is with the payer; ask again when it is due."),),
    "ambiguous": ((_WAITS, "Several claims fit equally well; a person says which."),),
    "accepted": (("an acknowledgment", "The file or claim goes on to the next step; that is no payment."),),
    "alias": ((_EVIDENCE, "By a number that a claim payment linked by hand taught for this payer."),),
    "by_hand": ((_EVIDENCE, "A person linked the claim payment or the line: claimloop unmatched link."),),
    "charge_differs": ((_DIFFERS, "The charge in the 835 is not the charge that was billed."),),
    "code_charge": ((_EVIDENCE, "By procedure code and charge; the date was missing or differed."),),
    "code_date": ((_EVIDENCE, "By procedure code and date of service; the charge differed."),),
    "code_date_charge": ((_EVIDENCE, "By procedure code, date of service and charge."),),
    "conflict": (
        (_WAITS, "The number is a claim's, but patient, dates or charge are not; nothing is posted."),
        (
            _FILE,
            "A payment posted before came again with other content: a possible reissue, held for a person.",
        ),
    ),
    "contractual": ((_MONEY, "Written off under the contract; nobody owes it."),),
    "control_number": ((_EVIDENCE, "By the patient control number (CLP01), exactly as it was sent."),),
    "control_number_normalised": (
        (_EVIDENCE, "By the patient control number, but for letters' case, blanks, dashes or leading zeros."),
    ),
    "corrected": (
        (
            _DENIAL,
            "A correction went out after the denial and has no answer yet: claims correct, or said by hand.",
        ),
    ),
    "courtesy": ((_NOTHING, "The practice gives it for nothing; the session says so (do_not_bill)."),),
    "cancelled": ((_NOTHING, "The visit was cancelled (note_status)."),),
    "date_differs": ((_DIFFERS, "The date of service in the 835 is not the one that was billed."),),
    "failed": ((_TOLD, "The payer could not answer; it is asked again."),),
    "finished": ((_TOLD, "It is done with the claim and names no payment: its 835 is missing."),),
    "information": ((_TOLD, "It waits for information: send it."),),
    "not_found": ((_TOLD, "It has no such claim: see that the file arrived, and send the claim again."),),
    "received": ((_TOLD, "It has the claim and has not begun with it."),),
    "denied": (
        (_CLAIM, "Nothing of the claim was paid; all of it is denied."),
        (_MONEY, "Refused by the payer; it is in the worklist until a person decides."),
        (_TOLD, "It denied the claim, and the 835 that says why is missing."),
    ),
    "duplicate": (
        (_FILE, "The same was taken in before; nothing was posted a second time."),
        (_KIND, "The payer holds the line for a second copy; worked, but not counted in the denial rate."),
    ),
    "full": (("the extent of a denial", "Nothing was paid on the line."),),
    "in_work": ((_DENIAL, "Somebody has it, or noted something; nothing went to the payer yet."),),
    "line_control_number": ((_EVIDENCE, "By the line's own control number (REF*6R)."),),
    "line_number": ((_EVIDENCE, "By the line's number in the claim."),),
    "lines_unmatched": ((_WAITS, "The claim was found, but a paid line fits none of its lines."),),
    "memo": ((_MONEY, "Noted, and in no balance: information, or more than the charge has room for."),),
    "merged": (
        (
            _DIFFERS,
            "One line of the 835 answers several lines that were billed; its money is shared by charge.",
        ),
    ),
    "merged_codes": (
        (_DIFFERS, "It answers lines of other codes too: it is charged with all that is left of the claim."),
    ),
    "merits": ((_KIND, "Decided on what was billed; it counts in the denial rate."),),
    "modifiers_differ": ((_DIFFERS, "The 835 has other modifiers than were billed."),),
    "modifiers_dropped": ((_DIFFERS, "The 835 leaves out modifiers that were billed."),),
    "no_charge": ((_NOTHING, "The session says that nothing is charged (do_not_bill)."),),
    "no_claim": (
        (_WAITS, "No claim here has the number. Import what another system billed: claimloop claims import."),
    ),
    "no_original": (
        (_WAITS, "A reversal whose payment is not in the books yet; it is posted by itself when that comes."),
    ),
    "no_show": ((_NOTHING, "The patient did not come (note_status)."),),
    "only_line": ((_EVIDENCE, "The claim has only this line."),),
    "open": (
        (_DENIAL, "Nothing has come of the denial yet."),
        (_MONEY, "What of the charge no payer, write-off, patient or denial has taken yet."),
    ),
    "other_patient": (
        (
            _WAITS,
            "The numbers are a claim's, but last name and member id are both another patient's; nothing is posted.",
        ),
    ),
    "too_many_answers": (
        (_WAITS, "It fits its claim, but more claim payments are posted there than any claim has."),
    ),
    "overpaid": ((_CLAIM, "More was paid than charged; a payer may ask for it back."),),
    "package": ((_NOTHING, "Part of a package that the patient paid (do_not_bill)."),),
    "paid": (
        (_MONEY, "Paid by a payer."),
        (_TOLD, "It paid, and the 835 is missing: ask for it, by the check or trace number."),
    ),
    "not_ours": ((_WAITS, "A claim of another kind (hospital, dentist, pharmacy) in the same 835; kept."),),
    "partial": (
        (_FILE, "Some of the file was posted; the rest is held and named: claimloop held list."),
        ("the extent of a denial", "Part of the line was paid."),
    ),
    "partly_answered": ((_CLAIM, "Something came back and something is still open."),),
    "partly_denied": ((_CLAIM, "Some of the claim is denied; see claimloop denials list."),),
    "patient": ((_MONEY, "The patient's share by the payer's word."),),
    "patient_differs": ((_DIFFERS, "Neither member id nor name in the 835 is that of the claim."),),
    "payer_claim_control_number": ((_EVIDENCE, "By the number that the payer gave the claim (CLP07)."),),
    "payer_differs": ((_DIFFERS, "Another payer answered than was billed."),),
    "pended": (
        (_CLAIM, "A line waits at the payer, which has not decided."),
        (_MONEY, "Waiting at the payer; it is still open."),
        (_TOLD, "It has not decided yet."),
    ),
    "posted": (
        (
            _FILE,
            "The payment is in the books; claim payments without a claim wait in claimloop unmatched list.",
        ),
    ),
    "dismissed": (
        (
            _WAITS,
            "A person said that it is never to be posted; claimloop held dismiss --undo brings it back.",
        ),
    ),
    "predetermination": (
        (_WAITS, "CLP02 25 says what would be paid; nothing was, and the claim stays open."),
    ),
    "quarantined": (
        (_FILE, "A transaction set that does not balance or is damaged; nothing of it is posted."),
        (_WAITS, "The whole payment is kept aside until a corrected file comes."),
    ),
    "recoded": ((_DIFFERS, "The payer adjudicated another procedure code than was billed."),),
    "recovered": ((_DENIAL, "Money or a patient's share came after the denial."),),
    "superseded": ((_DENIAL, "The payer decided anew and denied again: work the newer denial."),),
    "rejected": (
        (
            "an acknowledgment",
            "The file or claim was refused before adjudication: correct it and send it again.",
        ),
        (_FILE, "Not taken in: no X12 file, or of a kind that is not read."),
    ),
    "released": (
        (_WAITS, "Posted by hand with cents unexplained; it is listed until a correction clears them."),
    ),
    "replaced": (
        (_FILE, "A reissue took its place by hand: claimloop held release, and --undo brings it back."),
    ),
    "reversed": (
        (_DENIAL, "The payer took the denied answer back."),
        (_CLAIM, "The payer took all its answers back and has not answered anew."),
    ),
    "self_pay": ((_NOTHING, "The patient pays; there is no payer."),),
    "settled": ((_CLAIM, "Nothing is open with a payer; the patient may owe his share."),),
    "split_claim": (
        (_DIFFERS, "The payer answered only some of the claim's lines here; it split the claim."),
    ),
    "submitted": ((_CLAIM, "Written or sent; no payment has answered it."),),
    "suspense": (
        (_WAITS, "A claim payment that does not balance in itself; its money is counted, not posted."),
        (_MONEY, "What a claim payment that was released by hand does not explain; a correction clears it."),
    ),
    "unbalanced": ((_WAITS, "The claim or a line of it does not add up, so it is in suspense."),),
    "units_differ": ((_DIFFERS, "The 835 has other units than were billed."),),
    "underpaid": (
        (
            _KIND,
            "Allowed less than the contract in fees.csv says; nothing of it is denied (denials list --underpaid).",
        ),
    ),
    "unknown_payee": (
        (_WAITS, "The payee of the 835 is none of our practices (NPI, tax id); nothing is posted."),
    ),
    "unmatched": ((_WAITS, "The payment found no claim; claimloop unmatched list says why."),),
    "unprocessable": (
        (_KIND, "Never processed: no appeal; correct it and send a new claim. Not in the denial rate."),
    ),
    "unsigned": ((_NOTHING, "The note is not signed (note_status)."),),
    "upheld": ((_DENIAL, "The payer stays with it: it denied again after an appeal, or said so by hand."),),
    "written_off": (
        (_DENIAL, "Given up: its cents stand in the account of what is written off until money comes."),
    ),
    "paper_eob": ((_SOURCE, "A payer's answer on paper, written down by hand (payments add)."),),
    "virtual_card": ((_SOURCE, "A card number that a payer sent, written down by hand (payments add)."),),
    "opening_balance": ((_SOURCE, "What was owed before claimloop, brought forward (payments add)."),),
    "patient_paid": ((_MOVES, "What the patient paid; below zero it was given back."),),
    "patient_opening": ((_MOVES, "What the patient owed before claimloop."),),
    "deposit_without_era": (
        (_BANK, "Money came in, and no 835 says what for: ask for it, or add it by hand."),
    ),
    "era_without_deposit": ((_BANK, "The 835 says money was sent, and the bank has none: trace it."),),
    "awaiting_deposit": ((_BANK, "The 835 says money was sent; its deposit is not late yet."),),
    "amount_differs": ((_BANK, "The bank has another amount under the trace number than the 835 says."),),
    "era_held": ((_BANK, "The 835 of the deposit came and is in quarantine; claimloop held list says why."),),
    "net_zero": ((_CHAIN, "The chain of provider adjustments adds up to zero: nothing more is to come."),),
    "no_reference": ((_CHAIN, "A provider adjustment names nothing, so it is tied to its payer alone."),),
    "bank_not_zero": (
        (_CHAIN, "A balance is carried forward by a payment that is not zero; ask the payer."),
    ),
    "not_forwarded_here": ((_CHAIN, "A balance was settled that no payment of this store carried forward."),),
    "reversed_too": (
        (_CHAIN, "Money was taken by a provider adjustment, and a reversal took it again: dispute it."),
    ),
    "zero_allowed": (
        (
            _KIND,
            "A write-off code took the whole charge: not believed, and listed as a denial for a person to see.",
        ),
    ),
}
"""Each word that a list prints: where it is met, and what it says there."""

POSTED_AS: Final[Mapping[str, str]] = {
    "contractual": "written off, no denial",
    "patient": "the patient's or next payer's share, no denial",
    "memo": "noted, nothing posted",
    "pended": "pended, nothing posted yet",
}
"""What an adjustment is when it is no denial, by the account it is posted to."""
