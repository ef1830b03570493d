"""Prints setup.cfg's lower bounds as exact versions: a pip constraints file for the lowest set."""

import configparser
import re
import sys


def bounds(path: str) -> dict[str, str]:
    config = configparser.ConfigParser()
    config.read(path)
    needs = [config["options"]["install_requires"], *config["options.extras_require"].values()]
    found = re.findall(r"^\s*([\w.-]+)(?:\[[\w,]+\])?\s*>=\s*([\w.]+)\s*$", "\n".join(needs), re.MULTILINE)
    return dict(found)


for name, version in bounds(sys.argv[1]).items():
    print(f"{name}=={version}")
