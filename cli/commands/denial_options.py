"""Options that choose denials, shared by `denials list` and the verbs."""

from __future__ import annotations

from typing import Annotated

import typer

Ids = Annotated[
    list[str] | None,
    typer.Argument(metavar="[ID]...", help="Ids, as denials list shows them."),
]
OfPayer = Annotated[str | None, typer.Option("--payer", help="Only this payer's.")]
OfCategory = Annotated[str | None, typer.Option("--category", help="Only this category.")]
OfReason = Annotated[
    str | None, typer.Option("--reason-code", metavar="CODE", help="Only CO-50, or 50 in any group.")
]
OfCode = Annotated[str | None, typer.Option("--code", help="Only this procedure code.")]
OfPractice = Annotated[str | None, typer.Option("--practice", help="Only this practice's.")]
OfState = Annotated[str | None, typer.Option("--state", help="Only this state, like open.")]
OfOwner = Annotated[str | None, typer.Option("--owner", help="Only this person's.")]
OfKind = Annotated[str | None, typer.Option("--kind", help="Only this kind, like duplicate.")]
Like = Annotated[str | None, typer.Option("--like", metavar="ID", help="All that are like this one.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do it to all that filters mean.")]
Actor = Annotated[
    str,
    typer.Option("--by", metavar="NAME", envvar="CLAIMLOOP_USER", show_envvar=False, help="Who does it."),
]
