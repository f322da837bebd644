"""`windfall jamf`: what Jamf Pro told, list by list: servers, devices, groups, policies, patch titles, API calls."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import click

from console.jamf_records import print_records
from console.listing import list_options, print_document, print_list, question_of
from console.terminal import clean, json_option, open_stores, print_fields, print_json, print_table, short_time
from domain.json_types import JSON, JSONObject
from state.queries import Engine
from state.queries.jamf import LISTS
from state.queries.jamf_list import JamfList
from state.queries.same_device import same_device

_WORDS = {True: "yes", False: "no", None: "-"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A list on a screen: ``columns`` are its fields under their heads, those of the set ``cut`` may be cut to fit.

    ``instead`` is what stands for a field that is not known.
    """

    about: str
    columns: Mapping[str, str]
    cut: frozenset[str] = frozenset({"name", "id"})
    instead: Mapping[str, str] = field(default_factory=dict)

    def heads(self) -> dict[str, bool]:
        return {head: name in self.cut for name, head in self.columns.items()}

    def row(self, item: JSONObject) -> tuple[str, ...]:
        return tuple(_cell(name, self._known(item, name)) for name in self.columns)

    def _known(self, item: JSONObject, name: str) -> JSON:
        value = item[name]
        return item[self.instead[name]] if value is None and name in self.instead else value


SHAPES: Mapping[str, Shape] = {
    "servers": Shape(
        about="Servers by sender, with their nodes.",
        columns={"id": "ID", "sender": "SENDER", "url": "URL", "version": "VERSION", "started_at": "STARTED (UTC)"},
    ),
    "devices": Shape(
        about="Computers and mobile devices, as Jamf Pro records them.",
        columns={
            "id": "ID", "family": "FAMILY", "jamf_id": "NUMBER", "serial_number": "SERIAL", "name": "NAME",
            "enrolled": "ENROLLED", "last_seen_at": "LAST SEEN (UTC)",
        },
    ),
    "groups": Shape(
        about="Smart groups, with who is in them now.",
        columns={"id": "ID", "kind": "OF", "group_id": "NUMBER", "name": "NAME", "changed_at": "CHANGED (UTC)"},
    ),
    "memberships": Shape(
        about="Who entered a smart group, and who left it.",
        columns={
            "kind": "OF", "group_id": "GROUP", "group_name": "CALLED", "member_id": "MEMBER", "serial_number": "SERIAL",
            "device_name": "NAME", "is_member": "IN", "entered_at": "ENTERED (UTC)", "left_at": "LEFT (UTC)",
        },
        cut=frozenset({"group_name", "device_name"}),
    ),
    "policies": Shape(
        about="Policies and patch policies, with their results.",
        columns={"id": "ID", "kind": "KIND", "policy_id": "NUMBER", "name": "NAME", "finished_at": "LAST RUN (UTC)"},
    ),
    "policy-results": Shape(
        about="How policies ended on each computer.",
        columns={
            "kind": "KIND", "policy_id": "NUMBER", "policy_name": "CALLED", "serial_number": "SERIAL",
            "device_name": "DEVICE", "successful": "SUCCESSFUL", "succeeded_at": "SUCCEEDED (UTC)",
            "failed_at": "FAILED (UTC)",
        },
        cut=frozenset({"policy_name", "device_name"}),
        instead={"device_name": "device_id"},
    ),
    "patch-titles": Shape(
        about="Patch titles and their latest versions.",
        columns={
            "id": "ID", "title_id": "NUMBER", "name": "NAME", "latest_version": "LATEST",
            "last_update_at": "UPDATED (UTC)",
        },
    ),
    "ade-devices": Shape(
        about="Devices that Automated Device Enrollment lists.",
        columns={
            "id": "ID", "instance_id": "INSTANCE", "serial_number": "SERIAL", "model": "MODEL",
            "assigned_at": "ASSIGNED (UTC)",
        },
    ),
    "api-operations": Shape(
        about="Who used the API of Jamf Pro for what, newest first.",
        columns={
            "occurred_at": "TIME (UTC)", "authorized_username": "WHO", "operation_type": "DID",
            "object_type_name": "TO", "object_id": "NUMBER", "object_name": "NAME", "successful": "SUCCESSFUL",
        },
        cut=frozenset({"authorized_username", "object_name"}),
    ),
}  # fmt: skip


@click.group()
def command() -> None:
    """Look at what Jamf Pro told, list by list."""


def _cell(name: str, value: JSON) -> str:
    if value is None or isinstance(value, bool):
        return _WORDS[value]
    return short_time(value) if name.endswith("_at") else clean(value)


def _lister(name: str, found: JamfList, shape: Shape) -> click.Group:
    @click.group(name=name, invoke_without_command=True, help=shape.about)
    @list_options(found.filters)
    @click.pass_context
    def group(context: click.Context, /, *, as_json: bool, **options: str | int | None) -> None:
        if context.invoked_subcommand is not None:
            return
        with open_stores() as stores:
            page = found.many(stores.engine, question_of(options))
        if as_json:
            print_document(page)
        else:
            print_list(page, shape.heads(), shape.row)

    group.add_command(_shower(name, found))
    return group


def _shower(name: str, found: JamfList) -> click.Command:
    @click.command(name="show", help="Show one with all that is known of it.")
    @click.argument("identifier", metavar="ID_OR_SERIAL" if name == "devices" else "ID")
    @json_option
    def show(identifier: str, as_json: bool) -> None:
        with open_stores() as stores:
            item = found.one(stores.engine, identifier)
            if item is None and name == "devices":
                item = _device_called(stores.engine, identifier)
        if item is None:
            raise click.ClickException(f"there is no {identifier} in {name}")
        if as_json:
            print_json(item)
        else:
            _print_one(item)

    return show


def _device_called(engine: Engine, called: str) -> JSONObject | None:
    """By serial number, UDID or management id; of several records the one that was heard of last."""
    found = sorted(same_device(engine, name=called).jamf, key=lambda record: str(record["last_seen_at"]))
    return LISTS["devices"].one(engine, found[-1]["id"]) if found else None


def _print_one(item: JSONObject) -> None:
    lists = {name: value for name, value in item.items() if isinstance(value, list | tuple)}
    print_fields({name: value for name, value in item.items() if name not in lists and name != "facts"})
    print_records(item)
    for name in sorted(set(lists) - {"mdm", "jamf", "conflicts"}):
        _print_rows(name, lists[name])
    if item.get("facts"):
        click.echo("\nfacts:")
        print_fields({name: fact["value"] for name, fact in item["facts"].items()})


def _print_rows(name: str, rows: Sequence[JSONObject]) -> None:
    click.echo(f"\n{name}:")
    names = [name for name in (rows[0] if rows else {}) if name not in ("id", "sender")]
    print_table(dict.fromkeys(names, True), [[_cell(name, row[name]) for name in names] for row in rows])


_add: Callable[[click.Command], None] = command.add_command
for _name, _list in LISTS.items():
    _add(_lister(_name, _list, SHAPES[_name]))
