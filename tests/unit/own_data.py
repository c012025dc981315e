"""Three small data sets as their owners would export them: a shop's receipts, a telecom's customers with
weekly usage, a learning platform's clicks. Invented; every customer has a rate of their own and leaves.
"""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np


def _days(rng: np.random.Generator, first: date, days: int, gap: float) -> Iterator[date]:
    """Days on which one customer comes: exponential gaps around `gap` days, until the customer leaves."""
    day = float(rng.integers(0, days * 2 // 3))
    leaves = day + rng.exponential(days)
    while day < min(days, leaves):
        yield first + timedelta(days=int(day))
        day += 1 + rng.exponential(gap)


def _text(header: list[str], rows: list[list[Any]], delimiter: str = ",") -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=delimiter, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows(rows)
    return stream.getvalue()


SHOP_FIRST, SHOP_LAST = date(2010, 11, 29), date(2012, 1, 27)
"""A Monday, and the Friday of an unfinished week: 60 whole weeks."""
CLOSED = (date(2010, 12, 27), date(2011, 1, 2))


def shop(folder: Path, customers: int = 300) -> Path:
    """Lines of receipts in Latin-1, month first, with returns (C...), sales to nobody, and a closed week."""
    rng = np.random.default_rng(5)
    days = (SHOP_LAST - SHOP_FIRST).days + 1
    rows = []
    invoice = 536_000
    for number in range(customers):
        country = rng.choice(["United Kingdom", "Côte d'Ivoire", "Österreich"], p=[0.8, 0.1, 0.1])
        gap = rng.gamma(3, 8)
        for day in _days(rng, SHOP_FIRST, days, gap):
            if CLOSED[0] <= day <= CLOSED[1] or day.isoweekday() == 7:
                continue
            invoice += 1
            for _ in range(int(rng.integers(1, 4))):
                back = rng.random() < 0.04
                customer = "" if rng.random() < 0.1 else f"{12_000 + number}.0"
                rows.append(
                    [
                        f"C{invoice}" if back else invoice, f"S{rng.integers(90)}",
                        f"Café-Set {rng.integers(900)}, 2 Stück",
                        -1 if back else int(rng.integers(1, 9)),
                        f"{day.month}/{day.day}/{day.year} {rng.integers(8, 18)}:26",
                        f"{rng.gamma(2, 3):.2f}", customer, country,
                    ]
                )  # fmt: skip
    # The shop was open on its last day, and on the first.
    for n, day in enumerate((SHOP_LAST, SHOP_FIRST), start=1):
        when = f"{day.month}/{day.day}/{day.year} 9:00"
        rows.append([invoice + n, "S1", "Set", 2, when, "3.50", "12000.0", "United Kingdom"])
    header = ["InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID",
              "Country"]  # fmt: skip
    path = folder / "online_shop.csv"
    path.write_bytes(_text(header, rows).encode("latin-1"))
    return path


TELECOM_FIRST, TELECOM_WEEKS = date(2024, 1, 7), 52
"""The weeks of the telecom begin on Sundays."""


def telecom(folder: Path, customers: int = 150) -> tuple[Path, Path]:
    """Customers with attributes, personal data, an outcome and a sum; weekly usage with decimal commas."""
    rng = np.random.default_rng(6)
    people, usage = [], []
    for number in range(customers):
        joined = TELECOM_FIRST + timedelta(days=int(rng.integers(-500, 200)))
        plan = rng.choice(["Month-to-month", "One year"])
        leaves = rng.geometric(0.03 if plan == "One year" else 0.08)
        people.append(
            [
                f"T-{number:04d}", rng.choice(["Female", "Male"]), int(rng.random() < 0.2), plan,
                f"{20 + 60 * rng.random():.2f}".replace(".", ","),
                f"{999 * rng.random():.2f}".replace(".", ","),
                f"{joined:%d.%m.%Y}", f"Name {number}", f"n{number}@example.com",
                "Yes" if leaves < TELECOM_WEEKS else "No",
            ]
        )  # fmt: skip
        for week in range(TELECOM_WEEKS):
            day = TELECOM_FIRST + timedelta(weeks=week)
            if day > joined and week < leaves:
                minutes = f"{rng.gamma(2, 30):.1f}".replace(".", ",")
                usage.append([f"T-{number:04d}", f"{day:%d.%m.%Y}", minutes, int(rng.poisson(9)), "ok"])
    header = ["customerID", "gender", "SeniorCitizen", "Contract", "MonthlyFee", "TotalCharges",
              "ActivationDate", "Name", "Contact", "Churn"]  # fmt: skip
    one, two = folder / "subscribers.csv", folder / "usage.csv.gz"
    one.write_text(_text(header, people, ";"), encoding="utf-8-sig")
    weekly = _text(["customerID", "week_start", "call_minutes", "sms", "note"], usage, ";")
    two.write_bytes(gzip.compress(weekly.encode()))
    return one, two


LEARNING_WEEKS = 40


def learning(folder: Path, students: int = 150) -> tuple[Path, Path]:
    """Students without a day of sign-up, and their clicks with days as numbers, in a text file with tabs."""
    rng = np.random.default_rng(7)
    people, clicks = [], []
    for number in range(students):
        people.append(
            [40_000 + number, rng.choice(["F", "M"]), rng.choice(["North", "Wales", "East"]), "Pass"]
        )
        for day in _days(rng, date(2020, 1, 6), LEARNING_WEEKS * 7, rng.gamma(2, 3)):
            kind = rng.choice(["resource", "forum", "quiz"])
            clicks.append([40_000 + number, int(rng.integers(500, 560)), (day - date(2020, 1, 6)).days, kind,
                           int(rng.integers(1, 9))])  # fmt: skip
    # The last day of the platform is a Sunday.
    clicks.append([40_000, 500, LEARNING_WEEKS * 7 - 1, "quiz", 1])
    one, two = folder / "students.csv", folder / "clicks.txt"
    one.write_text(_text(["id_student", "gender", "region", "final_result"], people))
    two.write_text(_text(["id_student", "id_site", "date", "activity_type", "sum_click"], clicks, "\t"))
    return one, two
