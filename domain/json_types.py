"""The shape of decoded JSON, for signatures."""

from typing import Any, TypeAlias

JSON: TypeAlias = Any
"""What ``json.loads`` gives; narrowed as soon as it is read."""

JSONObject: TypeAlias = dict[str, Any]
