"""What people call the apps of a device, and which install of each counts."""

from collections.abc import Mapping, Sequence

from domain.json_types import JSONObject


def names_of_apps(page: JSONObject) -> Mapping[str, str]:
    """Names by bundle id and by adamId, as far as the device told them; else an adamId's bundle id."""
    told = page["items"].get("installed_apps", ())
    names = {app["identifier"]: str(app["name"]) for app in told if app["identifier"] and app["name"]}
    bundles = {install["adam_id"]: install["bundle_id"] for install in page["installs"] if install["bundle_id"]}
    return names | {adam_id: names.get(bundle_id, bundle_id) for adam_id, bundle_id in bundles.items()}


def call_app(names: Mapping[str, str], identifier: str) -> str:
    """`Keynote (361285480)`, or `app 361285480` where nobody told its name."""
    name = names.get(identifier)
    return f"{name} ({identifier})" if name else f"app {identifier}"


def newest_installs(page: JSONObject) -> Sequence[JSONObject]:
    """The newest of each app: those before it were of an earlier enrolment, and say nothing of what there is now."""
    found: dict[str, JSONObject] = {}
    for install in page["installs"]:
        found.setdefault(install["adam_id"], install)
    return list(found.values())


def failed_installs(page: JSONObject) -> Sequence[JSONObject]:
    """Of the newest of each app, those that did not come about and do not go on by themselves."""
    return [install for install in newest_installs(page) if install["state"] in ("failed", "stuck")]
