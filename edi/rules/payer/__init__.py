"""Rules that only some payers have, one file a kind of payer; a new file here is found without a list.

Each is bound to kinds or keys of payers (``payers=`` of ``rule``); a ``[[payer.key.rule]]`` row turns it on for others.
"""
