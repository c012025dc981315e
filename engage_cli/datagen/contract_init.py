"""What the commands of the data contract do: write one from files, check one with files."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from engage_cli.datagen.contract_check import Check, check_contract, check_customers_only, check_files
from engage_cli.datagen.contract_file import ACTIVITY, parse_contract, read_toml
from engage_cli.datagen.contract_guess import guess_contract
from engage_cli.datagen.contract_write import default_contract, render_contract, render_customers
from engage_cli.errors import UserError


def contract_text(customers: Path | None, activity: Sequence[Path], out: Path) -> tuple[str, list[str]]:
    """The text of a contract for some files (for none: the synthetic one), and what to look at in it."""
    if not customers and not activity:
        return render_contract(default_contract(), {}, out), []
    guessed = guess_contract(out.stem, customers, activity)
    if guessed.contract is None:
        text = render_customers(guessed.guess.customers_alone(out.stem), guessed.comments, out)
        return text, list(check_customers_only(out.stem).reasons)
    looks = [f"{place}: {said}" for place, said in guessed.comments.items() if "CHECK" in said]
    needed = guessed.contract.contract.weeks_needed
    if guessed.weeks < needed:
        looks.append(f"There are {guessed.weeks} weeks, and {needed} are needed.")
    return render_contract(guessed.contract, guessed.comments, out), looks


def run_check(
    path: Path, customers: Path | None, activity: Sequence[Path], *, rejects: Path, max_bad_fraction: float
) -> Check:
    """Check the contract, and the files with it as an import would.

    UserError: the contract has a mistake, or an import would be refused.
    """
    from engage_cli.datagen.importer import import_files

    document = read_toml(path)
    if "activity" not in document and "customers" in document:
        return check_customers_only(str(document.get("name", path.stem)))
    found = parse_contract(document, path)
    if not customers and not activity:
        return check_contract(found)
    if not customers and found.customers.origin != ACTIVITY:
        raise UserError(
            f"{path} takes the customers from a file, and none was given.", hint="Add --customers FILE."
        )
    today = datetime.now(UTC).date()
    report = import_files(
        customers, list(activity) or None, None, rejects_path=rejects, today=today, contract=found,
        max_bad_fraction=max_bad_fraction,
    )  # fmt: skip
    return check_files(found, report, today=today)
