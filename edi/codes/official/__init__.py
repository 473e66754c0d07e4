"""The official files of CMS and X12: which table a sheet is, which release, and its rows as we keep them."""

from edi.codes.official.recognise import UNDERSTOOD, Official, recognise
from edi.codes.official.release import FileRelease, part_of_name, release_of_name, release_of_text, unfit

__all__ = [
    "UNDERSTOOD",
    "FileRelease",
    "Official",
    "part_of_name",
    "recognise",
    "release_of_name",
    "release_of_text",
    "unfit",
]
