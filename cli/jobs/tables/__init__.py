"""`tables update` and `tables list`: the official files of CMS and X12 into dated tables of the installation.

Nothing is imported here: every command reads `store`, and few need what reads Excel.
"""
