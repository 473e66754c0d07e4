"""The rows of `segments`: loop | segment*qualifier | field | where our value comes from | example. The guide's order.

A field without a source is filled from files of other systems, and by claims made again from them.
"""

from __future__ import annotations

from typing import Final

ROWS: Final = """
2000A|PRV*BI|billing.taxonomy|practice.taxonomy|PRV*BI*PXC*261QP2000X
2000A|CUR|||CUR*85*USD
2010AA|NM1*85|billing|practice.name, first_name, kind, npi|NM1*85*2*ORCHARD*****XX*1000000103
2010AA|N3|billing.address|practice.address|N3*1 ROAD*SUITE 2
2010AA|N4|billing.address|practice.address|N4*BOSTON*MA*021390001
2010AA|REF*EI|billing.tax_id|practice.tax_id, tax_id_type|REF*EI*123456789
2010AA|REF*SY|billing.tax_id|practice.tax_id, tax_id_type|REF*SY*123456789
2010AA|REF*0B|billing.references||REF*0B*L123
2010AA|REF*1G|billing.references||REF*1G*U123
2010AA|PER*IC|billing.contact|practice.phone, where it is not the submitter's|PER*IC*DESK*TE*6175550100
2010AB|NM1*87|pay_to|practice.pay_to|NM1*87*2
2010AB|N3|pay_to|practice.pay_to|N3*PO BOX 7
2010AB|N4|pay_to|practice.pay_to|N4*SALEM*MA*01970
2010AC|NM1*PE|pay_to_plan||NM1*PE*2*OTHER PLAN*****PI*77777
2010AC|N3|pay_to_plan.address||N3*9 WAY
2010AC|N4|pay_to_plan.address||N4*SALEM*MA*01970
2010AC|REF*2U|pay_to_plan.references||REF*2U*X9
2010AC|REF*FY|pay_to_plan.references||REF*FY*X9
2010AC|REF*NF|pay_to_plan.references||REF*NF*X9
2010AC|REF*EI|pay_to_plan.references||REF*EI*123456780
2000B|SBR|subscriber|patients.csv relationship, group_number, group_name; payer.filing_indicator|SBR*P*18*G1**12****CI
2000B|PAT|subscriber.person.death_date|patients.csv death_date, of a patient who is the subscriber|PAT*****D8*20260301
2010BA|NM1*IL|subscriber|patients.csv names and member_id, subscriber_organization or the case's employer|NM1*IL*1*TESTER*ADA****MI*W1
2010BA|N3|subscriber.person.address|patients.csv address_1, subscriber_address_1|N3*2 ROAD
2010BA|N4|subscriber.person.address|patients.csv city, state, zip and the subscriber's|N4*BOSTON*MA*021390001
2010BA|DMG|subscriber.person|patients.csv birth_date, sex and the subscriber's|DMG*D8*19600517*F
2010BA|REF*SY|subscriber.references||REF*SY*123456781
2010BA|REF*Y4|subscriber.references|cases.csv claim_number, auto and workers' compensation|REF*Y4*INJ1
2010BA|PER*IC|||PER*IC*HOME*TE*6175550111*EX*12
2010BB|NM1*PR|payer|payer.name, claim_id|NM1*PR*2*ACME*****PI*12345
2010BB|N3|payer.address|payer.address|N3*5 ROAD
2010BB|N4|payer.address|payer.address|N4*BOSTON*MA*02139
2010BB|REF*2U|payer.references||REF*2U*X8
2010BB|REF*EI|payer.references||REF*EI*123456782
2010BB|REF*FY|payer.references||REF*FY*OFFICE
2010BB|REF*NF|payer.references||REF*NF*N1
2010BB|REF*G2|payer.references|enrolment.provider_number of role billing|REF*G2*P77
2010BB|REF*LU|payer.references||REF*LU*L77
2000C|PAT|patient.relationship|patients.csv relationship (20 under an employer), death_date|PAT*19
2010CA|NM1*QC|patient.person|patients.csv names|NM1*QC*1*TESTER*BEN
2010CA|N3|patient.person.address|patients.csv address_1|N3*3 ROAD
2010CA|N4|patient.person.address|patients.csv city, state, zip|N4*BOSTON*MA*021390001
2010CA|DMG|patient.person|patients.csv birth_date, sex|DMG*D8*20150203*M
2010CA|REF*Y4|patient.references|cases.csv claim_number, auto and workers' compensation|REF*Y4*INJ2
2010CA|REF*1W|patient.references||REF*1W*M88
2010CA|REF*SY|patient.references||REF*SY*123456783
2010CA|PER*IC|||PER*IC*HOME*TE*6175550112
2300|CLM|claim|the store's number; charges, place of service, signatures and assignment of practice and patient; case's accident|CLM*A1*50***11:B:1*Y*A*Y*Y**EM***02********7
2300|DTP*431|dates|cases.csv onset_date, unless it is the date of service|DTP*431*D8*20260301
2300|DTP*454|dates|cases.csv initial_treatment_date|DTP*454*D8*20260301
2300|DTP*304|dates|cases.csv last_seen_date|DTP*304*D8*20260301
2300|DTP*453|dates|cases.csv acute_manifestation_date|DTP*453*D8*20260301
2300|DTP*439|dates|cases.csv accident_date|DTP*439*D8*20260301
2300|DTP*484|dates||DTP*484*D8*20260301
2300|DTP*455|dates|cases.csv last_xray_date|DTP*455*D8*20260301
2300|DTP*471|dates||DTP*471*D8*20260301
2300|DTP*314|||DTP*314*RD8*20260301-20260305
2300|DTP*360|dates||DTP*360*D8*20260301
2300|DTP*361|dates||DTP*361*D8*20260301
2300|DTP*297|dates|cases.csv last_worked_date|DTP*297*D8*20260301
2300|DTP*296|dates|cases.csv return_to_work_date|DTP*296*D8*20260301
2300|DTP*434|||DTP*434*RD8*20260301-20260305
2300|DTP*435|dates||DTP*435*D8*20260301
2300|DTP*096|dates||DTP*096*D8*20260301
2300|DTP*090|dates||DTP*090*D8*20260301
2300|DTP*091|dates||DTP*091*D8*20260301
2300|DTP*444|dates|cases.csv first_contact_date, auto and workers' compensation|DTP*444*D8*20260301
2300|DTP*050|dates||DTP*050*D8*20260301
2300|PWK|attachments||PWK*OZ*BM***AC*DMN0012
2300|CN1|||CN1*02*550
2300|AMT*F5|patient_paid|sessions.csv patient_paid, where payer.claim.report_patient_paid|AMT*F5*25.5
2300|REF*4N|references||REF*4N*1
2300|REF*F5|references||REF*F5*N
2300|REF*EW|references||REF*EW*T4
2300|REF*9F|referral_number|cases.csv referral_number|REF*9F*R1
2300|REF*G1|authorization|sessions.csv prior_authorization or authorizations.csv|REF*G1*AUTH1
2300|REF*F8|original_reference|the payer's control number of the claim replaced or voided|REF*F8*ICN1
2300|REF*X4|references||REF*X4*12D4567890
2300|REF*9A|references||REF*9A*RP1
2300|REF*9C|references||REF*9C*RP2
2300|REF*LX|references||REF*LX*IDE1
2300|REF*D9|references||REF*D9*TJ98UU321
2300|REF*EA|references||REF*EA*M1
2300|REF*P4|references||REF*P4*DEMO1
2300|REF*1J|references||REF*1J*CP1
2300|REF*G4|references||REF*G4*PEER1
2300|REF*Y4|references||REF*Y4*INJ3
2300|K3|||K3*STATE DATA
2300|NTE|notes||NTE*ADD*SEEN AT HOME
2300|CR1|||CR1*LB*140*I*A*DH*12
2300|CR2|spinal|cases.csv spinal_condition, chiropractic, where payer.claim.spinal_condition|CR2********M**LOW BACK*PAIN
2300|CRC|||CRC*75*Y*IH
2300|HI*ABK|diagnoses|sessions.csv diagnosis_codes or the case's|HI*ABK:M5450*ABF:R262
2300|HI*BK|diagnoses||HI*BK:7245*BF:7812
2300|HI*BP|||HI*BP:33414
2300|HI*BG|||HI*BG:17
2300|HCP|||HCP*03*100*10
2310A|NM1*DN|referring|cases.csv referring_npi and names|NM1*DN*1*REED*DANA****XX*1000000301
2310A|REF|referring.references||REF*G2*D1
2310A|NM1*P3|primary_care||NM1*P3*1*ABBOT*LEE****XX*1000000311
2310B|NM1*82|rendering|provider of rendering_npi, treating_npi or the supervisor|NM1*82*1*WALKER*PAT****XX*1000000202
2310B|PRV*PE|rendering.taxonomy|provider.taxonomy|PRV*PE*PXC*225100000X
2310B|N3|||N3*8 ROAD
2310B|N4|||N4*BOSTON*MA*021390001
2310B|REF|rendering.references|enrolment.provider_number of role rendering|REF*G2*D2
2310B|PER*IC|||PER*IC*DESK*TE*6175550100
2310C|NM1*77|facility|facility.name, npi, where it is not the billing address|NM1*77*2*ORCHARD NORTH*****XX*1000000400
2310C|N3|facility.address|facility.address|N3*7 HARBOR WAY
2310C|N4|facility.address|facility.address|N4*SALEM*MA*019700002
2310C|REF|facility.references||REF*G2*D3
2310C|PER*IC|facility.contact||PER*IC*SITE*TE*6175550120
2310D|NM1*DQ|supervising|provider of supervising_npi or provider.supervisor, where the payer wants it|NM1*DQ*1*SENIOR*SAM****XX*1000000509
2310D|REF|supervising.references|enrolment.provider_number of role rendering|REF*G2*D4
2310E|NM1*PW|||NM1*PW*2
2310F|NM1*45|||NM1*45*2*PLACE
2320|SBR|other_payers|patients.csv coverages after the first: coverage_rank, relationship, group_number, msp_type|SBR*S*18*******CI
2320|CAS|adjustments|the earlier payer's remittance|CAS*PR*1*20*1*2*5**3*1
2320|AMT*D|paid|the earlier payer's remittance|AMT*D*20
2320|AMT*A8|noncovered|the whole charge, where the earlier payer was lawfully not billed|AMT*A8*50
2320|AMT*EAF|remaining_patient_liability|the earlier payer's remittance|AMT*EAF*10
2320|OI|benefits_assigned|patients.csv assignment_of_benefits, release_of_information|OI***Y*P**Y
2320|MIA|||MIA*1***138018.4
2320|MOA|outpatient|the earlier payer's remittance|MOA***MA01*N59
2330A|NM1*IL|subscriber|patients.csv names and member_id of the other coverage|NM1*IL*1*DOE*JO****MI*Z1
2330A|N3|subscriber.address|patients.csv|N3*9 LANE
2330A|N4|subscriber.address|patients.csv|N4*SALEM*MA*01970
2330A|DMG|||DMG*D8*19610203*F
2330A|REF*SY|subscriber_references||REF*SY*123456784
2330A|REF*1W|subscriber_references||REF*1W*Z2
2330B|NM1*PR|payer|payer.name, claim_id of the other coverage|NM1*PR*2*OTHER*****PI*999
2330B|N3|payer.address|payer.address|N3*4 LANE
2330B|N4|payer.address|payer.address|N4*SALEM*MA*01970
2330B|PER*IC|||PER*IC*CLAIMS*TE*6175550130
2330B|DTP*573|paid_on|the earlier payer's remittance|DTP*573*D8*20260301
2330B|REF*2U|payer.references||REF*2U*O1
2330B|REF*EI|payer.references||REF*EI*123456785
2330B|REF*FY|payer.references||REF*FY*O2
2330B|REF*NF|payer.references||REF*NF*O3
2330B|REF*G1|payer.references||REF*G1*O4
2330B|REF*9F|payer.references||REF*9F*O5
2330B|REF*T4|payer.references||REF*T4*Y
2330B|REF*F8|payer.references|the earlier payer's control number of the claim|REF*F8*ICN9
2330C|NM1*DN|||NM1*DN*1
2330D|NM1*82|||NM1*82*1
2330E|NM1*77|||NM1*77*2
2330F|NM1*DQ|||NM1*DQ*1
2330G|NM1*85|||NM1*85*2
2400|LX|number|counted from 1|LX*1
2400|SV1|procedure|sessions.csv procedure_code, modifiers, line_note (unlisted codes), units or minutes, charge, place_of_service|SV1*HC:97039:GP::::LASER*50*UN*1*12**1**Y
2400|SV5|||SV5*HC:E0970*DA*30*75*75*4
2400|PWK|attachments||PWK*OZ*FX***AC*DMN0013
2400|CR1|||CR1*LB*140*I*A*DH*12
2400|CR3|||CR3*I*MO*6
2400|CRC|||CRC*09*N*ZV
2400|DTP*472|date_from|sessions.csv date_of_service|DTP*472*RD8*20260310-20260312
2400|DTP*471|other_dates||DTP*471*D8*20260301
2400|DTP*607|other_dates||
2400|DTP*463|other_dates||
2400|DTP*461|other_dates||
2400|DTP*304|other_dates||DTP*304*D8*20260301
2400|DTP*738|other_dates||DTP*738*D8*20260301
2400|DTP*739|other_dates||DTP*739*D8*20260301
2400|DTP*011|other_dates||DTP*011*D8*20260301
2400|DTP*455|other_dates||DTP*455*D8*20260301
2400|DTP*454|other_dates||DTP*454*D8*20260301
2400|QTY*PT|||QTY*PT*2
2400|QTY*FL|||QTY*FL*3
2400|MEA|||MEA*TR*R1*11.4
2400|CN1|||CN1*04*10
2400|REF*9B|references||REF*9B*RL1
2400|REF*9D|references||REF*9D*RL2
2400|REF*G1|authorization|sessions.csv prior_authorization, where it is not the claim's|REF*G1*AUTH2
2400|REF*6R|line_control_number|the store's number, new on every submission|REF*6R*L0000001
2400|REF*EW|references||REF*EW*T4
2400|REF*X4|references||REF*X4*12D4567890
2400|REF*F4|references||REF*F4*34D1234567
2400|REF*BT|references||REF*BT*B1
2400|REF*9F|references||REF*9F*R2
2400|REF*0B|references||REF*0B*X1
2400|REF*1G|references||REF*1G*X2
2400|AMT*T|amounts||AMT*T*4.5
2400|AMT*F4|amounts||AMT*F4*1.25
2400|K3|||K3*LINE DATA
2400|NTE|notes|sessions.csv line_note|NTE*ADD*WITH A BELT
2400|PS1|||PS1*1000000301*12
2400|HCP|||HCP*03*40*10
2410|LIN|||LIN**N4*01234567890
2410|CTP|||
2410|REF*XZ|||
2420A|NM1*82|rendering|the therapist of the line, where he is not the claim's|NM1*82*1*OTHER*KIM****XX*1000000210
2420B|NM1*QB|||NM1*QB*2******XX*1000000350
2420C|NM1*77|facility||NM1*77*2*POOL*****XX*1000000418
2420D|NM1*DQ|supervising||NM1*DQ*1*SENIOR*SAM****XX*1000000509
2420E|NM1*DK|ordering||NM1*DK*1*ABBOT*LEE****XX*1000000319
2420F|NM1*DN|referring||NM1*DN*1*REED*DANA****XX*1000000301
2420F|NM1*P3|||NM1*P3*1*ABBOT*LEE****XX*1000000319
2420G|NM1*PW|||NM1*PW*2
2420H|NM1*45|||NM1*45*2*PLACE
2430|SVD|adjudications|the earlier payer's remittance, where payer.secondary.wants is line|SVD*999*20*HC:97110:GP**1
2430|CAS|adjustments|the earlier payer's remittance|CAS*CO*45*25
2430|DTP*573|paid_on|the earlier payer's remittance|DTP*573*D8*20260301
2430|AMT*EAF|remaining_patient_liability|the earlier payer's remittance|AMT*EAF*5
2440|LQ|||LQ*UT*01.01
2440|FRM|||
"""  # noqa: E501 - one row a line
