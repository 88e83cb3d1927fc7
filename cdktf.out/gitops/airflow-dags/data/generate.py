"""Writes the lab's sample data set: shops' customers and their orders, made up, the same at every run.

    python3 generate.py [folder]

Only `Random.random()` is used: Python promises that it gives the same numbers in every version, which it does not for
the other methods.
"""

from __future__ import annotations

import csv
import sys
from datetime import date, timedelta
from pathlib import Path
from random import Random

SEED = 20260101
CUSTOMERS = 100
ORDERS = 600
REGIONS = ("north", "south", "east", "west")
GIVEN_NAMES = ("Ada", "Bela", "Chidi", "Dora", "Emre", "Fatou", "Goran", "Hana", "Ines", "Jun")
FAMILY_NAMES = ("Adler", "Bianchi", "Costa", "Diallo", "Eriksen", "Fischer", "Garcia", "Haddad", "Ivanova", "Jensen")
PRODUCTS = (("kettle", 3490), ("lamp", 5900), ("chair", 8950), ("desk", 24900), ("shelf", 12000))
FIRST_DAY = date(2025, 1, 1)


def customers(chance: Random) -> list[tuple[str, ...]]:
    """Rows of customers.csv. The addresses are of a domain that nobody can own (RFC 2606)."""
    rows = []
    for number in range(1, CUSTOMERS + 1):
        given = GIVEN_NAMES[below(chance, len(GIVEN_NAMES))]
        family = FAMILY_NAMES[below(chance, len(FAMILY_NAMES))]
        email = f"{given}.{family}.{number}@example.com".lower()
        since = FIRST_DAY - timedelta(days=below(chance, 700))
        region = REGIONS[below(chance, len(REGIONS))]
        rows.append((f"C{number:04}", f"{given} {family}", email, region, since.isoformat()))
    return rows


def orders(chance: Random) -> list[tuple[str, ...]]:
    """Rows of orders.csv: most are paid, a few were cancelled or refunded."""
    rows = []
    for number in range(1, ORDERS + 1):
        product, cents = PRODUCTS[below(chance, len(PRODUCTS))]
        day = FIRST_DAY + timedelta(days=below(chance, 365))
        fate = chance.random()
        status = "cancelled" if fate < 0.05 else "refunded" if fate < 0.09 else "paid"
        rows.append(
            (
                f"O{number:05}",
                f"C{below(chance, CUSTOMERS) + 1:04}",
                day.isoformat(),
                product,
                str(below(chance, 4) + 1),
                f"{cents // 100}.{cents % 100:02}",
                status,
            )
        )
    return rows


def below(chance: Random, end: int) -> int:
    """A whole number from 0 to `end` - 1."""
    return int(chance.random() * end)


def write(folder: Path) -> None:
    chance = Random(SEED)
    tables = {
        "customers.csv": (("customer_id", "name", "email", "region", "customer_since"), customers(chance)),
        "orders.csv": (
            ("order_id", "customer_id", "ordered_on", "product", "quantity", "unit_price_eur", "status"),
            orders(chance),
        ),
    }
    for name, (header, rows) in tables.items():
        with (folder / name).open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(header)
            writer.writerows(rows)


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
