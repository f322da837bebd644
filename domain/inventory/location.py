"""Where a device in Lost Mode is.

Source: https://github.com/apple/device-management/blob/release/mdm/commands/device.lostmode.location.yaml
(checked 2026-11)
"""

from collections.abc import Mapping
from typing import Any

from domain.inventory.columns import fields, read_columns
from domain.json_types import JSONObject

LOCATION = fields(
    "Latitude:real Longitude:real HorizontalAccuracy:real VerticalAccuracy:real Altitude:real Speed:real Course:real "
    "Timestamp:date"
)


def read_location(payload: Mapping[str, Any]) -> JSONObject | None:
    """The columns of a place, to be known as a whole or not at all; None when the answer tells no place on Earth."""
    place = read_columns(payload, LOCATION)
    latitude, longitude = place.get("latitude"), place.get("longitude")
    if latitude is None or longitude is None or abs(latitude) > 90 or abs(longitude) > 180:
        return None
    return place
