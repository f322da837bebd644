"""Whom samples are about."""

import uuid
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One device per sender, the same each time, so that a sample of a check-out follows one of an enrolment."""

    udid: str
    serial_number: str
    at: datetime

    @classmethod
    def of(cls, sender: str, at: datetime) -> "Subject":
        identity = uuid.uuid5(uuid.NAMESPACE_DNS, f"{sender}.sample.windfall.invalid")
        return cls(udid=str(identity).upper(), serial_number=f"SAMPLE{identity.hex[:6].upper()}", at=at)
