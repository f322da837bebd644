"""What MDM and Jamf Pro both tell of a device: field by field, what was said last, as either may be years behind."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from domain.json_types import JSONObject

_Names: TypeAlias = tuple[Sequence[str], Sequence[str]]

_NAME = (("DeviceName",), ("deviceName",))
_MODEL_NAME = (("ModelName",), ("modelDisplay", "model"))
_MODEL = (("ModelName", "ProductName", "Model"), ("modelDisplay", "model", "product", "modelIdentifier"))
_VERSION = (("OSVersion",), ("osVersion",))
_BUILD = (("BuildVersion",), ("osBuild",))
_SUPERVISED = (("IsSupervised",), ("supervised",))
"""Facts of the device, and of its records in Jamf Pro, that are one field of the page."""

_USER = {
    **dict.fromkeys(("username", "userName", "realName", "emailAddress"), ""),
    **{name: name for name in ("position", "department", "building", "room")},
}
"""Facts of a record about its user, and what stands before those that do not explain themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    """Values of one speaker, 0 being the device itself, and when the last of them was said; none: never."""

    at: str = ""
    speaker: int = 0
    values: Sequence[Any] = field(default_factory=tuple)


def name_of_device(page: JSONObject) -> str | None:
    """What it is called, or else its model; None: nobody said."""
    for names in (_NAME, _MODEL_NAME):
        for value in _newest(page, names).values:
            return str(value)
    return next(_listed_models(page), None)


def model_of(page: JSONObject) -> str:
    """Name and identifier, as far as they differ; empty when nobody said."""
    return ", ".join(dict.fromkeys(str(value) for value in _newest(page, _MODEL).values)) or next(
        _listed_models(page), ""
    )


def version_of(page: JSONObject) -> str | None:
    """Of its system; None when nobody said."""
    return next((str(value) for value in _newest(page, _VERSION).values), None)


def build_of(page: JSONObject) -> str | None:
    """Of that version: None when whoever said the version last has told no build with it or since."""
    version = _newest(page, _VERSION)
    for said in _speakers(page, _BUILD):
        if said.values and said.speaker == version.speaker and said.at >= version.at:
            return str(said.values[0])
    return None


def supervised_of(page: JSONObject) -> Any:
    """As it was said; None when nobody did."""
    return next(iter(_newest(page, _SUPERVISED).values), None)


def user_in_jamf(record: JSONObject) -> Sequence[str]:
    """Whose a record says the device is: what it said last of them, as what is older may be about somebody else."""
    facts = record.get("facts") or {}
    told = [(label, facts[name]) for name, label in _USER.items() if name in facts]
    newest = max((fact["at"] for _, fact in told), default="")
    words = (f"{label} {fact['value']}".strip() for label, fact in told if fact["at"] == newest and fact["value"])
    return list(dict.fromkeys(words))


def _listed_models(page: JSONObject) -> Iterator[str]:
    """What Automated Device Enrollment calls its model, which counts only where nobody else said."""
    return (str(one["model"]) for one in page["ade"] if one["model"])


def _newest(page: JSONObject, names: _Names) -> _Said:
    """Of the same moment, what the device itself told, then the record that was heard last."""
    return max((said for said in _speakers(page, names) if said.values), key=lambda said: said.at, default=_Said())


def _speakers(page: JSONObject, names: _Names) -> Iterator[_Said]:
    for speaker, item in enumerate([page, *page["jamf"]]):
        facts = item.get("facts") or {}
        told = [facts[name] for name in names[0 if speaker == 0 else 1] if name in facts]
        known = [fact for fact in told if _is_value(fact["value"])]
        at = max((fact["at"] for fact in known), default="")
        yield _Said(at=at, speaker=speaker, values=[fact["value"] for fact in known])


def _is_value(value: Any) -> bool:
    """Servers write empty text for what they do not know."""
    return bool(value.strip()) if isinstance(value, str) else isinstance(value, bool | int | float)
