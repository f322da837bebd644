"""Jamf Pro's two APIs: its version, device records and policy names, by the newest way that the server has.

Only what is configured is called, never an address that an event or an answer tells.

Source: https://developer.jamf.com/jamf-pro/reference, https://developer.jamf.com/jamf-pro/reference/classic-api
(checked 2026-11).
"""

import re
import time
from collections.abc import Callable

from clients.caller import DEADLINE
from clients.jamf_memory import Memory
from clients.jamf_pages import MOST_LIST_READ, START, Place, Records, page_query
from clients.jamf_records import Family, JamfRecord, fit_to_keep, read_record
from clients.jamf_server import JamfServer
from clients.jamf_token import Login, NoTokens
from clients.jamf_version import version_key, version_on_page
from clients.jamf_ways import CLASSIC, WAYS, Way
from domain.errors import ActionError, PermanentError, TransientError
from domain.json_types import JSON

MOST_RECORD_READ = 16 * 1024 * 1024
"""Bytes of one record or policy."""

WAY_AGE = 3_600.0
"""Seconds for which the way that was found is taken: servers get updates."""

NAME_AGE = 300.0
"""Seconds for which a policy's name is remembered."""

MOST_NAMES = 10_000

_NUMBER = re.compile("[0-9]{1,20}")


class JamfPro:
    """One server, known as the sender ``name``. Any number of threads may use it.

    Every method raises TransientError and PermanentError as `JamfServer.get` and `JamfServer.refusal` say.
    """

    def __init__(
        self,
        url: str,
        login: Login,
        *,
        name: str = "jamf",
        deadline: float = DEADLINE,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._server = JamfServer(url, login, name=name, deadline=deadline, monotonic=monotonic)
        self._ways: Memory[Family, Way] = Memory(WAY_AGE, most=len(WAYS), monotonic=monotonic)
        self._names: Memory[str, str | None] = Memory(NAME_AGE, most=MOST_NAMES, monotonic=monotonic)

    def is_healthy(self) -> bool:
        """Whether it is up, as it says without being told who asks; True of an old one that cannot say.

        Where there is no such address, some servers want a token first.
        """
        reply = self._server.get_openly("/api/v1/health-check")
        return reply.answer.status in {200, 204, 401, 403, 404}

    def version(self) -> str:
        """As the server writes it; old ones, which may give no tokens either, have it on their log-in page only."""
        try:
            reply = self._server.get("/api/v1/jamf-pro-version")
        except NoTokens as exc:
            return self._version_on_page(exc)
        if reply.is_missing:
            return self._version_on_page()
        said = self._server.document(reply).get("version")
        if not isinstance(said, str) or not version_key(said):
            raise self._server.refusal(reply)
        return said.strip()

    def _version_on_page(self, otherwise: ActionError | None = None) -> str:
        """Raises: ``otherwise``, or what the page's answer stands for, when it is not there."""
        reply = self._server.get_openly("/")
        found = version_on_page(reply.answer.body) if reply.answer.status == 200 else None
        if found is None:
            raise otherwise or self._server.refusal(reply)
        return found

    def record(self, family: Family, jamf_id: str) -> JamfRecord | None:
        """One computer or mobile device as it is now; None when there is none (any more, or yet)."""
        if not _NUMBER.fullmatch(jamf_id):
            raise PermanentError(f"{jamf_id[:20]!r} is no id of a Jamf Pro record")
        way = self._way(family)
        reply = self._server.get(way.one.format(id=jamf_id), way.one_query, most=MOST_RECORD_READ)
        if reply.is_missing:
            if way is CLASSIC[family]:
                self._expect_jamf()
            elif reply.answer.document() is None:
                # A page: it may be this way that is gone, or a balancer that does not find the server.
                self._ways.forget(family)
                raise self._server.refusal(reply)
            return None
        document: JSON = self._server.document(reply)
        if way.key and isinstance(document, dict):
            document = document.get(way.key)
        record = read_record(family, document)
        if record is None or record.jamf_id != jamf_id:
            raise self._server.refusal(reply)
        return record

    def records(self, family: Family, place: Place = START) -> Records:
        """All of a family, from a place on. Raises: as every method, while the way to list them is looked for."""
        return Records(self._server, self._way(family), family, place)

    def policy_name(self, policy_id: str) -> str | None:
        """Remembered for `NAME_AGE`; None, when there is no such policy or it has no name, is not."""
        if not _NUMBER.fullmatch(policy_id):
            raise PermanentError(f"{policy_id[:20]!r} is no id of a Jamf Pro policy")
        return self._names.get(policy_id, lambda: self._read_policy_name(policy_id))

    def policy_names(self) -> dict[str, str]:
        """The names of all policies by id, in one request."""
        reply = self._server.get("/JSSResource/policies", most=MOST_LIST_READ)
        named = [entry for entry in self._server.list_in(reply, "policies") if isinstance(entry, dict)]
        found = {str(entry.get("id")): entry.get("name") for entry in named}
        said = {policy_id: name for policy_id, name in found.items() if isinstance(name, str) and name.strip()}
        names = {policy_id: fit_to_keep(name) for policy_id, name in said.items()}
        for policy_id, name in names.items():
            self._names.put(policy_id, name)
        return names

    def _read_policy_name(self, policy_id: str) -> str | None:
        reply = self._server.get(f"/JSSResource/policies/id/{policy_id}/subset/General", most=MOST_RECORD_READ)
        if reply.is_missing:
            self._expect_jamf()
            return None
        policy = self._server.document(reply).get("policy")
        general = policy.get("general") if isinstance(policy, dict) else None
        name = general.get("name") if isinstance(general, dict) else None
        return fit_to_keep(name) or None if isinstance(name, str) else None

    def _way(self, family: Family) -> Way:
        return self._ways.get(family, lambda: self._find_way(family))

    def _find_way(self, family: Family) -> Way:
        """The newest; where there is none, the server is an old one, or one that has come back just now."""
        found = self._newest_way(family)
        if found is None:
            self._expect_jamf()
            found = self._newest_way(family)
        return found or CLASSIC[family]

    def _newest_way(self, family: Family) -> Way | None:
        """The first that is there: a list that is empty is still a list."""
        for way in WAYS[family]:
            reply = self._server.get(way.all, (*way.all_query, *page_query(0, 1)))
            if not reply.is_missing:
                self._server.list_in(reply, way.list_key)
                return way
        return None

    def _expect_jamf(self) -> None:
        """After a 404 that is a page: old servers and the Classic API say it so, and a balancer that finds no server.

        Raises: TransientError, when no Jamf Pro answers.
        """
        reply = self._server.get("/api/v1/jamf-pro-version")
        if reply.answer.status in {200, 401, 403} and reply.answer.document() is not None:
            return
        try:
            self._version_on_page()
        except PermanentError as exc:
            raise TransientError(str(exc)) from exc
