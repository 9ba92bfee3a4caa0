"""`commercive affiliates`: links, stats, and recounting the stats."""

from typing import Annotated

import typer

from commercive_cli.cli import bulk
from commercive_cli.cli import options as o
from commercive_cli.cli.completers import offered_ids
from commercive_cli.cli.errors import DIFFERS, say
from commercive_cli.cli.groups import example, new_group
from commercive_cli.cli.render.asked import Asked
from commercive_cli.cli.session import Session
from commercive_cli.cli.standard_input import id_or_stdin, may_be_stdin
from commercive_cli.domain.answers.affiliates import Affiliates, FormURLSet, RankedBy, Recomputation
from commercive_cli.domain.errors import Invalid, Misconfigured
from commercive_cli.domain.limits import LARGEST_LIMIT, TOP
from commercive_cli.domain.quoting import quoted
from commercive_cli.settings import environment, set_by_environment
from commercive_cli.settings.supabase import SupabaseSettings, load_supabase

app = new_group("affiliates")

_OFFERED = offered_ids("affiliate", "affiliates")
Affiliate = Annotated[
    str,
    typer.Argument(
        metavar="ID",
        help="Id of the affiliate, or - to read it from stdin.",
        callback=id_or_stdin,
        autocompletion=_OFFERED,
    ),
]
_IDS = typer.Argument(
    metavar="ID",
    help="Ids of affiliates, or - to read them from stdin.",
    callback=may_be_stdin,
    autocompletion=_OFFERED,
)
AffiliateIds = Annotated[list[str] | None, _IDS]
ManyAffiliates = Annotated[list[str], _IDS]


@app.command("list", epilog=example("commercive affiliates list -o csv --all"))
def list_affiliates(
    context: typer.Context,
    *,
    limit: o.Limit = None,
    cursor: o.Cursor = None,
    everything: o.All = False,
    output: o.Output = "table",
) -> None:
    """List affiliates with their stats."""
    session = Session(context, output)
    with session.reading() as services:
        session.list(
            Affiliates,
            o.Paging(limit, cursor, everything),
            lambda count, start: services.affiliates.list_affiliates(limit=count, cursor=start),
            Asked("affiliate"),
        )


@app.command(epilog=example("commercive affiliates top", "commercive affiliates top --by leads --limit 3 -o csv"))
def top(
    context: typer.Context,
    *,
    by: Annotated[RankedBy, typer.Option(help="What they have most of: USD, approved leads, or leads.")] = "commission",
    limit: Annotated[
        int | None, typer.Option(min=1, metavar="N", help=f"The first N, up to {LARGEST_LIMIT}; {TOP} by default.")
    ] = None,
    output: o.Output = "table",
) -> None:
    """Show the affiliates with most commission, approved leads or leads, of all time.

    Reads the stats of all affiliates, which each submission and decision keeps to the cent, and no lead, so it is
    cheap. Who has equally much comes in the order of ids. For some weeks: `commercive leads report`.
    """
    from commercive_cli.cli.render import top_view as _view  # noqa: F401 - declares the view of the answer

    session = Session(context, output)
    with session.reading() as services:
        session.show(services.affiliates.top(by, limit=TOP if limit is None else limit))


@app.command(epilog=example("commercive affiliates show AFFILIATE_ID"))
def show(context: typer.Context, *, affiliate: Affiliate, output: o.Output = "table") -> None:
    """Show an affiliate: stats, what came through which link, and the latest leads with their flags.

    Of more than 500 leads, the latest 500 are counted by link, and compared to find flags.
    """
    session = Session(context, output)
    with session.reading() as services:
        shown = services.affiliates.show(session.typed("affiliate", services).whole(affiliate))
        session.show(services.lead_flags.of_affiliate(shown))


@app.command(
    "create-link",
    epilog=example("commercive affiliates create-link aff-1 --email ann@example.com --store-url shop.example.com"),
)
def create_link(
    context: typer.Context,
    *,
    affiliate: Affiliate,
    email: Annotated[str, typer.Option(metavar="E", help="E-mail address of the affiliate.")],
    store_url: Annotated[str, typer.Option(metavar="S", help="The shop the link is for.")] = "",
    key: o.Key = None,
    yes: o.Yes = False,
    dry_run: o.DryRun = False,
    output: o.Output = "table",
) -> None:
    """Create an affiliate's link for a shop. Shows the existing link, if there is one, and says what that keeps."""
    session = Session(context, output)
    with session.writing(yes=yes, dry_run=dry_run) as services:
        made = session.write(
            lambda: services.affiliates.create_link(affiliate, email, store_url, actor=session.actor, key=key)
        )
        if made.kept:
            kept = ", ".join(f"{name} {quoted(value)}" for name, value in made.kept.items())
            hint = "; change the address with `commercive affiliates set-email`" * ("affiliate_email" in made.kept)
            say(f"link {made.link_id} was there already and keeps {kept}{hint}")


@app.command("set-email", epilog=example("commercive affiliates set-email AFFILIATE_ID ann@example.com"))
def set_email(
    context: typer.Context,
    *,
    affiliate: Affiliate,
    email: Annotated[str, typer.Argument(metavar="EMAIL", help="E-mail address of the affiliate.")],
    key: o.Key = None,
    yes: o.Yes = False,
    dry_run: o.DryRun = False,
    output: o.Output = "table",
) -> None:
    """Change an affiliate's e-mail address, in all links of the affiliate."""
    session = Session(context, output)
    with session.writing(yes=yes, dry_run=dry_run) as services:
        one = session.typed("affiliate", services, "change").whole(affiliate)
        session.write(lambda: services.affiliates.set_email(one, email, session.actor, key=key))


@app.command("get-link", epilog=example("commercive affiliates get-link AFFILIATE_ID"))
def get_link(
    context: typer.Context,
    *,
    affiliate: Affiliate,
    store_url: Annotated[str | None, typer.Option(metavar="S", help="The link for this shop.")] = None,
    output: o.Output = "table",
) -> None:
    """Show an affiliate's primary link, if there is one."""
    session = Session(context, output)
    with session.reading() as services:
        session.show(services.affiliates.get_link(session.typed("affiliate", services).whole(affiliate), store_url))


@app.command("resolve-link", epilog=example("commercive affiliates resolve-link 7Q2M9XKD"))
def resolve_link(
    context: typer.Context,
    *,
    code: Annotated[
        str,
        typer.Argument(
            metavar="CODE",
            help="The code in ?ref= of the link, or the whole address, or - for stdin.",
            callback=id_or_stdin,
            autocompletion=offered_ids("link", "links"),
        ),
    ],
    output: o.Output = "table",
) -> None:
    """Show which affiliate a link code belongs to."""
    session = Session(context, output)
    with session.reading() as services:
        session.show(services.affiliates.resolve_link(code))


@app.command(
    epilog=example(
        "commercive affiliates stats AFFILIATE_ID", "commercive affiliates list -o ids | commercive affiliates stats -"
    )
)
def stats(context: typer.Context, *, ids: ManyAffiliates, output: o.Output = "table") -> None:
    """Show counts and commissions of affiliates."""
    session = Session(context, output)
    with session.reading() as services:
        bulk.each(session, ids, services.affiliates.stats, session.typed("affiliate", services))


@app.command(
    epilog=example("commercive affiliates recompute AFFILIATE_ID", "commercive affiliates recompute --all --dry-run")
)
def recompute(
    context: typer.Context,
    *,
    ids: AffiliateIds = None,
    everyone: Annotated[bool, typer.Option("--all", help="Every affiliate.")] = False,
    key: o.Keys = None,
    write_units: o.WriteUnits = None,
    yes: o.Yes = False,
    dry_run: o.DryRun = False,
    output: o.Output = "table",
) -> None:
    """Recount leads and correct wrong stats. With --dry-run, exits 3 when something differs.

    With --all, exits 3 also when leads cannot be read; the stats of their affiliates are not changed.
    """
    if bool(ids) == everyone:
        raise Invalid("name affiliates by id, or pass --all; one of the two")
    keys, corrected = bulk.request_keys(key, many=everyone or bulk.is_many(ids or [])), list[bool]()

    def one(affiliate_id: str) -> Recomputation:
        result = services.recompute.one(affiliate_id, session.actor, key=keys(affiliate_id))
        corrected.append(result.changed)
        return Recomputation(checked=1, changed=[result] if result.changed else [])

    def recount() -> Recomputation:
        with session.progress({"items read": lambda: services.tables.count(services.recompute.READS)}) as (advance,):
            return services.recompute.all(session.actor, key=key, on_items=advance)

    session = Session(context, output, write_units=write_units)
    with session.writing(yes=yes, dry_run=dry_run) as services:
        if everyone:
            result = session.write(recount)
            corrected += [each.changed for each in result.changed]
            _check_read(result)
        else:
            bulk.each(session, ids or [], one, session.typed("affiliate", services, "recompute"))
        if dry_run and any(corrected):
            raise typer.Exit(DIFFERS)


@app.command(epilog=example("commercive affiliates sync AFFILIATE_ID", "commercive affiliates sync --dry-run"))
def sync(
    context: typer.Context,
    *,
    ids: AffiliateIds = None,
    key: o.Keys = None,
    yes: o.Yes = False,
    dry_run: o.DryRun = False,
    output: o.Output = "table",
) -> None:
    """Let Supabase show the links of affiliates, all who have one by default. Repeats what was missed.

    Each row shows the link of its shop, else the newest. With --dry-run, exits 3 when it shows something else.
    """
    from commercive_cli.api.supabase import AffiliateTable, compare_primary_link, sync_primary_link

    keys = bulk.request_keys(key, many=not ids or bulk.is_many(ids))
    table, found = AffiliateTable(_supabase()), list[FormURLSet]()
    session = Session(context, output)
    with session.reading() if dry_run else session.writing(yes=yes) as services:

        def one(affiliate_id: str) -> FormURLSet:
            if dry_run:
                found.append(compare_primary_link(services.affiliates, table, affiliate_id))
                return found[-1]
            return sync_primary_link(
                services.affiliates, table, affiliate_id, actor=session.actor, key=keys(affiliate_id)
            )

        if ids:
            bulk.each(session, ids, one, session.typed("affiliate", services, "sync"))
        else:
            bulk.many(session, services.affiliates.linked_affiliates(), one)
    if any(each.changed for each in found):
        raise typer.Exit(DIFFERS)


def _supabase() -> SupabaseSettings:
    with set_by_environment():
        settings = load_supabase(environment())
    if settings is None:
        raise Misconfigured(
            "this needs Supabase: set COMMERCIVE_SUPABASE_URL, and its service key as COMMERCIVE_SUPABASE_KEY"
        )
    return settings


def _check_read(result: Recomputation) -> None:
    if result.damaged:
        leads = ", ".join(result.damaged)
        say(f"leads that cannot be read, so their affiliates were skipped: {leads}; see `commercive tables audit`")
        raise typer.Exit(DIFFERS)
