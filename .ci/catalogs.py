"""Holds the translations: ``compiled`` compares each .mo with its .po, ``complete`` finds gaps in Chinese."""

import subprocess
import sys
import tempfile
from gettext import GNUTranslations
from pathlib import Path

CATALOGS = sorted(Path().glob("*/locale/*/LC_MESSAGES/*.po"))


def entries(mo: Path) -> dict[object, str]:
    with mo.open("rb") as file:
        return {key: text for key, text in GNUTranslations(file)._catalog.items() if key}


def compiled() -> list[str]:
    """The catalogs whose committed .mo says something else than the .po."""
    stale = []
    with tempfile.TemporaryDirectory() as directory:
        fresh = Path(directory, "fresh.mo")
        for po in CATALOGS:
            subprocess.run(["msgfmt", "--check-format", "-o", str(fresh), str(po)], check=True)
            mo = po.with_suffix(".mo")
            if not mo.exists() or entries(mo) != entries(fresh):
                stale.append(f"{mo} is not what its .po says: run compilemessages")
    return stale


def complete() -> list[str]:
    """What the Chinese catalogs leave untranslated, unsure or behind."""
    gaps = []
    for po in (po for po in CATALOGS if "zh_Hans" in po.parts):
        for kind in ("--untranslated", "--only-fuzzy", "--only-obsolete"):
            found = subprocess.run(["msgattrib", kind, str(po)], check=True, capture_output=True, text=True)
            if found.stdout.strip():
                gaps.append(f"{po} {kind}: run makemessages, translate, run compilemessages\n{found.stdout}")
    return gaps


if not CATALOGS:
    sys.exit("no .po file was found")
problems = {"compiled": compiled, "complete": complete}[sys.argv[1]]()
sys.exit("\n".join(problems) or print(f"{sys.argv[1]}: {len(CATALOGS)} catalogs"))
