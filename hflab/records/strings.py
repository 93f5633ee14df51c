"""Strings of a format: days, times, addresses; none of them is anybody's."""

from __future__ import annotations

import re
import unicodedata
import uuid
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any

from hflab.records import values
from hflab.records.schema import Schema

# Reserved for examples (RFC 2606, RFC 5737, RFC 3849): nobody's real address is ever made up.
_DOMAINS = ("example.com", "example.org", "example.net")
_NETWORKS = ("192.0.2", "198.51.100", "203.0.113")
_DAYS = ("2024-01-01", "2026-12-31")


def draw(schema: Schema, record: Mapping[str, Any], rng: Random) -> str:
    """A string of a format, such as a date or an e-mail address.

    Args:
        schema: Its `format`, and for days `formatMinimum` and `formatMaximum`.
        record: The fields drawn so far; an address is made of a name in it.
        rng: Where chance comes from.
    """
    kind = schema["format"]
    if kind in ("date", "date-time"):
        start = schema.get("formatMinimum", _DAYS[0])
        end = schema.get("formatMaximum", max(_DAYS[1], start))
        days = (date.fromisoformat(end[:10]) - date.fromisoformat(start[:10])).days
        day = date.fromisoformat(start[:10]) + timedelta(days=rng.randint(0, max(days, 0)))
        if kind == "date":
            return day.isoformat()
        moment = datetime.combine(day, time(tzinfo=UTC)) + timedelta(seconds=rng.randrange(86400))
        return moment.isoformat().replace("+00:00", "Z")
    if kind == "time":
        return f"{rng.randrange(24):02}:{rng.randrange(60):02}:{rng.randrange(60):02}Z"
    if kind == "uuid":
        return str(uuid.UUID(int=rng.getrandbits(128), version=4))
    if kind == "ipv4":
        return f"{rng.choice(_NETWORKS)}.{rng.randint(1, 254)}"
    if kind == "ipv6":
        return f"2001:db8::{rng.randrange(65536):x}:{rng.randrange(1, 65536):x}"
    host = rng.choice(_DOMAINS)
    if kind == "email":
        return f"{_mailbox(record, rng)}@{host}"
    word = _plain(values.draw_value("slug", record, rng)).replace(" ", "-")
    return (
        f"{word}.{host}" if kind == "hostname" else f"https://{host}/{word}-{rng.randrange(10_000)}"
    )


def _mailbox(record: Mapping[str, Any], rng: Random) -> str:
    """From the name in the same record, if there is one."""
    texts = [v for k, v in record.items() if "name" in k and isinstance(v, str)]
    name = " ".join(texts[:2]) or values.draw_value("full_name", {}, rng)
    words = _plain(name).split()[:2] or ["mail"]
    return rng.choice((".", "_", "")).join(words) + str(rng.randrange(1, 100))


def _plain(text: str) -> str:
    """Lower case letters, digits and spaces only: "Zoë O'Neill" → "zoe oneill"."""
    ascii_only = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9 ]", "", ascii_only.lower())
