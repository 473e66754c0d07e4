"""What each command leaves in the audit: an entry before its work, and one with what it showed or changed at its end.

`follow` hooks every command but those of `NOT_AUDITED`, in one place (`cli.app`). The workspace tells the trail which
store is open, the writers of `cli.render` tell it each row and document that goes out; a command says by itself only
what it prints as plain text. Nothing a person typed is noted unless the store knows it: control numbers, digests of
files, ids of practices, and counts.
"""

from __future__ import annotations

from cli.trail.hook import follow
from cli.trail.one import Trail, noted, trail
from cli.trail.policy import NOT_AUDITED, WITHOUT_STORE
from cli.trail.who import actor

__all__ = ["NOT_AUDITED", "WITHOUT_STORE", "Trail", "actor", "follow", "noted", "trail"]
