"""The releases of Stripe's clients that the tests run, and how to find the newest betas.

    python -m tests.support.stripe_clients

asks the registries of pip and npm, by their own commands, and writes the newest beta of each into stripe_clients.json. The
pinned ones are the oldest with batch jobs that both the registries and the tests know, and are changed by hand.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

FILE = Path(__file__).with_suffix(".json")
BETAS = {"python": re.compile(r"(\d+)\.(\d+)\.(\d+)b(\d+)"), "node": re.compile(r"(\d+)\.(\d+)\.(\d+)-beta\.(\d+)")}
LISTS = {
    "python": (sys.executable, "-m", "pip", "index", "versions", "stripe", "--pre"),
    "node": ("npm", "view", "stripe", "versions", "--json"),
}
"""The commands that print every release of a client."""


def release(language: str, which: str) -> str:
    """Return a release of the client in that language: the `pinned` one, or the `newest` as it was found last."""
    releases: str = json.loads(FILE.read_text("utf-8"))[language][which]
    return releases


def newest_beta(language: str, releases: Iterable[str]) -> str:
    """Return the newest public beta among releases, whatever their order.

    Raises:
        ValueError: there is none.
    """
    betas = [
        (tuple(map(int, match.groups())), release) for release in releases if (match := BETAS[language].fullmatch(release))
    ]
    if not betas:
        raise ValueError(f"no beta of the client in {language}: the registry that was asked has none")
    return max(betas)[1]


def releases_of(command: Sequence[str]) -> list[str]:
    """Return every release that a command of LISTS prints.

    Raises:
        SystemExit: the command is not installed, or its registry did not answer.
    """
    try:
        result = subprocess.run(command, capture_output=True, text=True, check=True)
    except FileNotFoundError as error:
        raise SystemExit(f"{command[0]} is not installed, which asks the registry: {' '.join(command)}") from error
    except subprocess.CalledProcessError as error:
        why = error.stderr.strip().splitlines()[-1:] or [f"it ended with {error.returncode}"]
        raise SystemExit(f"the registry was not asked: {' '.join(command)}: {why[0]}") from error
    return re.findall(r"\d+\.[\w.-]+", result.stdout)


def main() -> None:
    releases = json.loads(FILE.read_text("utf-8"))
    for language, command in LISTS.items():
        releases[language]["newest"] = newest_beta(language, releases_of(command))
    FILE.write_text(json.dumps(releases, indent=2) + "\n", "utf-8")
    print(FILE.read_text("utf-8"), end="")  # noqa: T201


if __name__ == "__main__":
    main()
