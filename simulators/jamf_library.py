"""What a Jamf Pro server has to read, and at which addresses: by version some are not there yet, or not any more.

Source: https://developer.jamf.com/jamf-pro/reference
Source: https://developer.jamf.com/jamf-pro/reference/classic-api
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from domain.json_types import JSON, JSONObject
from simulators import jamf_shapes as shapes
from simulators.http_server import Answer, Request
from simulators.jamf import Form
from simulators.jamf_shapes import Record

JSON_TYPE = {"Content-Type": "application/json"}
HTML = {"Content-Type": "text/html;charset=UTF-8"}
NUMBER = r"(\d+)"

Act = Callable[[Request, str], Answer]
Shape = Callable[[Record, Sequence[str]], JSONObject]

USER_AND_PLACE = {"username", "realName", "emailAddress", "phone", "position", "department", "building", "room"}

BY_NAME = ("general.name", "displayName")
"""Words for the name in `sort`; all others stand for the number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """What a server of some version has. ``form`` is how it writes events; ``most_on_page`` caps what is asked for."""

    version: str = "11.30.1-t1774000000"
    tells_version: bool = True
    oauth: str = "/api/v1/oauth/token"
    inventories: Sequence[str] = ("v1", "v3", "v4")
    mobile_lists: Sequence[str] = ("detail", "summary")
    token_life: float = 1_200.0
    times: str = "fraction"
    most_on_page: int = 2_000
    form: Form = field(default_factory=Form)


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """Records by number, and names of policies by number."""

    build: Build
    computers: dict[int, Record] = field(default_factory=dict)
    mobiles: dict[int, Record] = field(default_factory=dict)
    policies: dict[int, str] = field(default_factory=dict)

    def remove_user(self, number: int) -> None:
        """Somebody takes out of this record whose the device is, and where."""
        for records in (self.computers, self.mobiles):
            if record := records.get(number):
                blank = dict.fromkeys(USER_AND_PLACE & record.fields.keys(), "")
                records[number] = replace(record, fields={**record.fields, **blank})

    def routes(self) -> dict[str, Act]:
        """What answers a GET, by pattern of the path."""
        found: dict[str, Act] = {}
        if self.build.tells_version:
            found["/api/v1/jamf-pro-version"] = lambda *_: as_json({"version": self.build.version})
        for version in self.build.inventories:
            path = f"/api/{version}/computers-inventory"
            found[path] = self._pages(self.computers, shapes.computer, sorts=("general.name", "id"))
            found[f"{path}/{NUMBER}"] = _one(self.computers, shapes.computer)
        return found | self._mobile_routes() | self._classic_routes()

    def _mobile_routes(self) -> dict[str, Act]:
        summary: Shape = lambda record, _: shapes.mobile_summary(record)  # noqa: E731
        path = "/api/v2/mobile-devices"
        found = {
            f"{path}/{NUMBER}": _one(self.mobiles, summary),
            f"{path}/{NUMBER}/detail": _one(self.mobiles, lambda record, _: shapes.mobile_detail(record)),
        }
        if "detail" in self.build.mobile_lists:
            sorts = ("displayName", "mobileDeviceId")
            found[f"{path}/detail"] = self._pages(self.mobiles, shapes.mobile_entry, sorts=sorts)
        if "summary" in self.build.mobile_lists:
            found[path] = self._pages(self.mobiles, summary, sorts=("id",))
        return found

    def _classic_routes(self) -> dict[str, Act]:
        computer: Shape = lambda record, _: {"computer": shapes.classic_computer(record)}  # noqa: E731
        mobile: Shape = lambda record, _: {"mobile_device": shapes.classic_mobile(record)}  # noqa: E731
        return {
            "/JSSResource/computers/subset/basic": _whole("computers", self.computers, shapes.basic_computer),
            f"/JSSResource/computers/id/{NUMBER}": _one(self.computers, computer),
            "/JSSResource/mobiledevices": _whole("mobile_devices", self.mobiles, shapes.basic_mobile),
            f"/JSSResource/mobiledevices/id/{NUMBER}": _one(self.mobiles, mobile),
            "/JSSResource/policies": lambda *_: as_json({"policies": self._policies()}),
            f"/JSSResource/policies/id/{NUMBER}(?:/subset/General)?": self._policy,
        }

    def _pages(self, records: Mapping[int, Record], shape: Shape, *, sorts: Sequence[str]) -> Act:
        """``sorts`` are what it may be sorted by; by the first where nobody asks."""

        def act(request: Request, _: str) -> Answer:
            name, _, order = request.query.get("sort", sorts[0]).partition(":")
            if name not in sorts or order not in {"", "asc"}:
                return errors(400, "INVALID_FIELD", f"Cannot be sorted by {name}")
            page, size = (int(request.query.get(key, default)) for key, default in (("page", 0), ("page-size", 100)))
            size = min(size, self.build.most_on_page)
            known = [record for _, record in sorted(records.items(), key=_by_name if name in BY_NAME else None)]
            shown = known[page * size : (page + 1) * size]
            return as_json({"totalCount": len(known), "results": [shape(one, _sections(request)) for one in shown]})

        return act

    def _policies(self) -> list[JSON]:
        return [{"id": number, "name": name} for number, name in sorted(self.policies.items())]

    def _policy(self, request: Request, number: str) -> Answer:
        name = self.policies.get(int(number))
        if name is None:
            return missing(request)
        general = {"id": int(number), "name": name, "enabled": True, "trigger": "CHECKIN"}
        return as_json({"policy": {"general": general}})


def _by_name(numbered: tuple[int, Record]) -> tuple[str, int]:
    number, record = numbered
    return str(record.fields["deviceName"]).casefold(), number


def _one(records: Mapping[int, Record], shape: Shape) -> Act:
    def act(request: Request, number: str) -> Answer:
        record = records.get(int(number))
        return missing(request) if record is None else as_json(shape(record, _sections(request)))

    return act


def _whole(key: str, records: Mapping[int, Record], shape: Callable[[Record], JSONObject]) -> Act:
    return lambda *_: as_json({key: [shape(records[number]) for number in sorted(records)]})


def _sections(request: Request) -> Sequence[str]:
    """Repeated, or joined by commas; GENERAL when none is named."""
    named = [name for value in request.queries.get("section", []) for name in value.split(",")]
    return named or ("GENERAL",)


def is_classic(request: Request) -> bool:
    return request.path.startswith("/JSSResource")


def missing(request: Request) -> Answer:
    """404 in the words of the API that was asked."""
    return page(404, "Not Found") if is_classic(request) else errors(404, "INVALID_ID", "No record with that id")


def as_json(document: JSON, *, status: int = 200) -> Answer:
    return Answer(status=status, body=json.dumps(document, ensure_ascii=False).encode(), headers=JSON_TYPE)


def errors(status: int, code: str, description: str) -> Answer:
    """The Jamf Pro API's way to say no."""
    listed = [{"code": code, "field": "id", "description": description, "id": "0"}]
    return as_json({"httpStatus": status, "errors": listed}, status=status)


def page(status: int, reason: str) -> Answer:
    """The Classic API's way to say no."""
    text = (
        "<html><head><title>Status page</title></head><body>"
        f"<p style='font-weight: bold'>{reason}</p><p>Error: {reason}</p>"
        "<p>You can get technical details <a href='http://www.w3.org/Protocols/rfc2616/'>here</a>.</p></body></html>"
    )
    return Answer(status=status, body=text.encode(), headers=HTML)
