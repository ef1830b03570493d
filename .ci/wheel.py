"""Holds the wheel: every file of the package is in it, and nothing else is. Run from the source tree."""

import sys
from pathlib import Path
from zipfile import ZipFile

#: One of each kind that an install cannot do without, so that an empty tree proves nothing.
WANTED = ("/py.typed", "/migrations/0001_initial.py", ".mo", "/static/")


def check(wheel: str) -> list[str]:
    packed = {name for name in ZipFile(wheel).namelist() if ".dist-info/" not in name}
    source = {
        str(path) for path in Path("django_jsms").rglob("*") if path.is_file() and "__pycache__" not in path.parts
    }
    return [
        *(f"not in the wheel: {name}" for name in sorted(source - packed)),
        *(f"should not be in the wheel: {name}" for name in sorted(packed - source)),
        *(f"nothing like {part} is in the wheel" for part in WANTED if not any(part in name for name in packed)),
    ]


problems = check(sys.argv[1])
sys.exit("\n".join(problems) or print("the wheel holds the whole package"))
