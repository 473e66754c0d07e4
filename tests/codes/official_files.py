"""Tiny files in the layouts of CMS and X12, with rows made up for the tests."""

from __future__ import annotations

import io
import zipfile

BANNER = "CPT only copyright 2025 American Medical Association.  All rights reserved."
PTP_HEADER = (
    ("Column 1", "Column 2", "*=in existence", "Effective", "Deletion", "Modifier", "PTP Edit Rationale"),
    ("", "", "prior to 1996", "Date", "Date", "0=not allowed", ""),
    ("", "", "", "", "*=no data", "1=allowed", ""),
    ("", "", "", "", "", "9=not applicable", ""),
)
"""The header as CMS wraps it over four rows."""
PTP_ONE_ROW = (
    "Column 1",
    "Column 2",
    "*=in existence\nprior to 1996",
    "Effective\nDate",
    "Deletion\nDate\n*=no data",
    "Modifier\n0=not allowed\n1=allowed\n9=not applicable",
    "PTP Edit Rationale",
)
PTP_ROWS = (
    ("97140", "97124", "", "19960101", "*", "0", "Mutually exclusive procedures"),
    ("97530", "97110", "", "20200101", "20261231", "1", "Standards of medical / surgical practice"),
    ("97530", "97116", "", "20200101", "20191231", "1", "Standards of medical / surgical practice"),
    ("97161", "97140", "", "20200101", "20200101", "9", "Standards of medical / surgical practice"),
    ("0001A", "00100", "*", "19960101", "*", "1", "A reason nobody has heard of"),
)
MUE_PREAMBLE = '"Current Procedural Terminology codes are copyright the American Medical Association.\r\n\r\nApplicable restrictions apply.",,,\r\n'
MUE_HEADER = (
    "HCPCS/\nCPT Code",
    "Practitioner Services MUE Values",
    "MUE Adjudication Indicator",
    "MUE Rationale",
)
MUE_ROWS = (
    ("97110", "8", "3 Date of Service Edit: Clinical", "Clinical: Data"),
    ("97161", "1", "2 Date of Service Edit: Policy", "Code Descriptor / CPT Instruction"),
    ("97010", "0", "3 Date of Service Edit: Clinical", "CMS Policy"),
)
PTP_NAME = "ccipra-v323r0-f{part}.txt"
MUE_NAME = "MCR_MUE_PractitionerServices_Eff_10-01-2026.csv"
CARC_HEADER = ("Code", "Description", "Start Date", "Last Modified", "Stop Date")
CARC_ROWS = (
    ("1", "A licensed text, with a comma", "01/01/1995", "", ""),
    ("45", "A licensed text", "01/01/1995", "07/01/2027", ""),
    ("97", "A licensed text", "01/01/1995", "", "11/01/2027"),
    ("325", "A licensed text", "11/01/2026", "", ""),
)
RARC_ROWS = (
    ("M15", "A licensed text", "01/01/1997", "07/01/2026", ""),
    ("MA130", "A licensed text", "10/12/2001", "", ""),
    ("N130", "A licensed text", "10/31/2002", "11/01/2009", ""),
    ("N999", "A licensed text", "11/01/2026", "", ""),
)
LICENSED = "licensed text"
"""What must not be found in what is kept."""


def ptp_text(rows=PTP_ROWS, header=PTP_HEADER):
    """A PTP part as tab-separated text with a banner of two rows."""
    lines = [(BANNER, *[""] * 6), ("Column1/Column2 Edits", *[""] * 6), *header, *rows]
    return "".join("\t".join(line) + "\r\n" for line in lines).encode("latin-1")


def csv_text(header, rows, preamble=""):
    """A CSV file; cells with a comma or a line end are quoted."""
    quoted = [
        ",".join(f'"{cell}"' if set(cell) & set(",\n") else cell for cell in row) for row in (header, *rows)
    ]
    return (preamble + "".join(f"{line}\r\n" for line in quoted)).encode()


def mue_text(rows=MUE_ROWS, header=MUE_HEADER):
    return csv_text(header, rows, MUE_PREAMBLE)


def excel(rows):
    """An Excel file; texts of digits are numbers, as CMS has them."""
    import xlsxwriter

    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        for at, row in enumerate(rows):
            for place, cell in enumerate(row):
                sheet.write(at, place, int(cell) if cell.isdigit() and cell else cell or None)
    return target.getvalue()


def zipped(**files):
    """A zip of files by name; ``__`` in a name stands for a point."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, data in files.items():
            archive.writestr(name.replace("__", "."), data)
    return target.getvalue()
