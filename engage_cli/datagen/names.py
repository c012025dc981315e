"""Pools of names and cities, drawn once from a seeded Faker and combined for any number of customers."""

import unicodedata
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

LOCALES = {
    "US": "en_US",
    "GB": "en_GB",
    "DE": "de_DE",
    "FR": "fr_FR",
    "BR": "pt_BR",
    "IN": "en_IN",
    "ES": "es_ES",
    "IT": "it_IT",
    "MX": "es_MX",
    "NL": "nl_NL",
    "PL": "pl_PL",
    "SE": "sv_SE",
}
FALLBACK_LOCALE = "en_US"
# Reserved for documentation (RFC 2606): no generated address can reach a person.
MAIL_DOMAINS = ("example.com", "example.org", "example.net")
_FIRST, _LAST, _CITIES = 120, 200, 60


@dataclass(frozen=True)
class Pool:
    """Unique names of one country; `slugs` are the ASCII forms for e-mail addresses."""

    first: npt.NDArray[np.object_]
    first_slugs: npt.NDArray[np.object_]
    last: npt.NDArray[np.object_]
    last_slugs: npt.NDArray[np.object_]
    cities: npt.NDArray[np.object_]


@cache
def pool(country: str, seed: int) -> Pool:
    """Return the pool of a country. The same seed gives the same pool."""
    from faker import Faker

    fake: Any = Faker(LOCALES.get(country, FALLBACK_LOCALE), use_weighting=False)
    fake.seed_instance(seed)

    def drawn(source: str, n: int) -> list[str]:
        # Order of first appearance; a small provider may hold fewer than n.
        values = dict.fromkeys(getattr(fake, source)() for _ in range(n * 2))
        # Commas and quotes would need quoting in CSV, which the default serde of Glue tables cannot read.
        return [value for value in values if "," not in value and '"' not in value][:n]

    first, last, cities = drawn("first_name", _FIRST), drawn("last_name", _LAST), drawn("city", _CITIES)
    columns = (first, [slug(name) for name in first], last, [slug(name) for name in last], cities)
    return Pool(*(np.array(values, dtype=object) for values in columns))


def slug(name: str) -> str:
    """Return the lower-case ASCII letters of a name, for the local part of an e-mail address."""
    plain = unicodedata.normalize("NFKD", name.replace("ł", "l").replace("Ł", "L").replace("ß", "ss"))
    return "".join(c for c in plain.lower() if c.isascii() and c.isalpha()) or "x"
