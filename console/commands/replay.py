"""`windfall replay`: run the handlers on stored events once more."""

import click

from config.broker import make_app, waker
from console.commands.events import whole_id
from console.replay import Replayer
from console.terminal import clean_text, json_option, open_stores, print_page
from domain.errors import CannotReplay
from domain.json_types import JSONObject


@click.command()
@click.argument("event_ids", metavar="ID...", nargs=-1, required=True)
@json_option
def command(event_ids: tuple[str, ...], as_json: bool) -> None:
    """Run events again; what they applied the first time stays applied once. Exits 1 when one of them cannot be."""
    with open_stores() as stores:
        wake = waker(make_app(stores.settings, name="windfall.console", brisk=True))
        replayer = Replayer(engine=stores.engine, inboxes=stores.inboxes, wake=wake)
        items = [_replay(replayer, identifier) for identifier in event_ids]
    if as_json:
        print_page(items)
    else:
        for item in items:
            click.echo(clean_text(f"{item['id']}  {item['error'] or 'is processed again'}"))
    if any(item["error"] for item in items):
        raise SystemExit(1)


def _replay(replayer: Replayer, prefix: str) -> JSONObject:
    try:
        identifier = whole_id(replayer.engine, prefix)
        return {"id": identifier, "inbox": replayer.replay(identifier), "error": None}
    except click.ClickException as exc:
        return {"id": prefix, "inbox": None, "error": exc.message}
    except CannotReplay as exc:
        return {"id": prefix, "inbox": None, "error": str(exc)}
