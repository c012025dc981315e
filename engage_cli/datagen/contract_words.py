"""Words in column names that tell what a column is."""

import re

CUSTOMER = (
    "customer", "client", "user", "member", "account", "student", "learner", "subscriber", "household",
    "shopper", "visitor", "cust", "player", "donor", "cardholder", "buyer", "person", "patient", "card",
    "msno", "msisdn", "kunde", "klant",
)  # fmt: skip
IDENTIFIER = (
    "id", "key", "no", "number", "num", "nr", "code", "uuid", "sku", "index", "unnamed", "stockcode",
)  # fmt: skip
TIME = (
    "date", "time", "timestamp", "datetime", "day", "created", "purchase", "invoice", "event", "order",
    "week", "dt", "datum", "fecha",
)  # fmt: skip
PLAIN_TIME = ("date", "time", "timestamp", "datetime", "created", "datum", "fecha")
NO_TIME = ("hour", "minute", "dow", "weekday", "since", "prior", "until", "between", "lag")
"""Words of whole numbers that are parts of a day or week, or distances, and no point in time."""
OTHER_TIME = ("birth", "dob", "expir", "deliver", "ship", "estimat", "approv", "updat", "end", "due")
SIGNED_UP = (
    "sign", "join", "regist", "creat", "since", "start", "first", "open", "activat", "enrol", "member",
)  # fmt: skip
TYPE = ("event", "type", "action", "behavior", "behaviour", "activity")
ORDER = ("invoice", "order", "transaction", "basket", "receipt", "bill", "ticket", "purchase")
THINGS = (
    "item", "product", "article", "session", "store", "shop", "category", "brand", "site", "event", "page",
    "device", "row", "record", "line", "uu", "content", "object",
)  # fmt: skip
MONEY = (
    "amount", "price", "total", "revenue", "value", "spend", "spent", "sale", "sales", "cost", "paid",
    "payment", "charge", "charges", "fee", "dollar", "usd", "eur", "gbp", "gross", "net", "turnover",
    "discount", "disc", "umsatz", "betrag", "preis", "montant", "prix", "importe", "precio", "valor",
)  # fmt: skip
TOTAL = (
    "amount", "total", "revenue", "sale", "sales", "spend", "spent", "value", "paid", "payment",
    "gross", "turnover", "dollar", "umsatz", "betrag", "montant", "importe", "valor",
)  # fmt: skip
PRICE = ("price", "unitprice", "cost", "preis", "prix", "precio")
QUANTITY = ("quantity", "qty", "units", "items", "pieces", "menge", "anzahl", "cantidad")
NOT_SUMMED = (
    "avg", "mean", "average", "rate", "ratio", "pct", "percent", "share", "balance", "latitude",
    "longitude", "lat", "lon", "lng", "year", "month", "hour", "minute_of", "weekday", "zip", "postal",
    "phone", "age", "rank", "score", "version", "day", "date", "week", "class", "subclass", "department",
    "dept", "dow", "since", "prior", "level", "pin", "currency",
)  # fmt: skip
CODED = (
    "city", "region", "state", "country", "county", "province", "via", "channel", "segment", "class", "tier",
    "plan", "type", "group", "cluster", "branch", "method", "status", "zone", "market", "source", "category",
)  # fmt: skip
"""Words of columns whose whole numbers are codes, and not amounts."""
EVENT_NOUNS = (
    *ORDER, "click", "visit", "call", "login", "payment", "session", "play", "booking", "ride", "trip",
    "donation", "rental", "sale",
)  # fmt: skip
"""What one row of events may be."""
PROTECTED = (
    "gender", "sex", "ethnicity", "ethnic", "race", "religion", "nationality", "disability", "disabled",
    "marital", "married", "age", "senior", "orientation",
)  # fmt: skip
PERSONAL = (
    "name", "surname", "firstname", "lastname", "fullname", "email", "mail", "phone", "telephone",
    "mobile", "address", "street", "zip", "zipcode", "postcode", "postal", "birth", "birthday",
    "birthdate", "dob", "ssn", "passport", "iban", "ip",
)  # fmt: skip
LABEL = (
    "churn",
    "churned",
    "exited",
    "attrition",
    "label",
    "target",
    "cancelled",
    "canceled",
    "left",
    "result",
    "outcome",
)
SNAPSHOT = (
    "total", "last", "tenure", "lifetime", "recency", "frequency", "sum", "count", "num",
    "satisfaction", "clv", "score", "balance",
)  # fmt: skip
PURCHASE = ("purchase", "order", "transaction", "buy", "sale", "checkout", "payment", "bought")
CURRENCIES = {
    "usd": "USD", "dollar": "USD", "eur": "EUR", "euro": "EUR", "gbp": "GBP", "pound": "GBP", "chf": "CHF",
    "jpy": "JPY", "inr": "INR", "brl": "BRL", "cad": "CAD", "aud": "AUD", "sek": "SEK", "pln": "PLN",
}  # fmt: skip
UNITS = {
    "sec": "seconds", "secs": "seconds", "seconds": "seconds", "ms": "milliseconds", "min": "minutes",
    "mins": "minutes", "minutes": "minutes", "minuten": "minutes", "hours": "hours", "hrs": "hours",
    "bytes": "bytes", "kb": "kB", "mb": "MB", "gb": "GB", "km": "km", "miles": "miles", "kg": "kg",
    "points": "points",
}  # fmt: skip
"""What a measure is counted in, by a word of its name."""
SIGNS = {"€": "EUR", "£": "GBP", "₹": "INR", "R$": "BRL", "US$": "USD", "zł": "PLN"}
"""Signs of one currency only: a dollar may be of several countries."""


def words_of(column: str) -> list[str]:
    """The words of a column's name: `InvoiceDate`, `invoice_date` and `invoice date` have the same two."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", column)
    return [w for w in re.split(r"[^a-z0-9]+", spaced.lower()) if w]


def has_word(column: str, known: tuple[str, ...]) -> bool:
    """Whether one of the words of a name is known."""
    return any(word in known for word in words_of(column))


def has_part(column: str, known: tuple[str, ...]) -> bool:
    """Whether a known word of four letters and more is a part of a name, or a shorter one a word of it."""
    plain = "".join(words_of(column))
    return has_word(column, known) or any(word in plain for word in known if len(word) > 3)


def is_identifier(column: str) -> bool:
    """Whether a name ends like that of an identifier: `StockCode`, `order_id`, `CUSTOMERID`."""
    words = words_of(column)
    if not words:
        return False
    # "customerid", and not "paid".
    joined = words[-1].endswith("id") and words[-1][:-2] in (*CUSTOMER, *ORDER, *THINGS)
    return joined or words[-1] in IDENTIFIER or words[0] in ("id", "unnamed")
