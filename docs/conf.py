"""How Sphinx builds these pages: `python -m sphinx -W docs docs/_build`, from a clone with `.[docs]`."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE / "_ext"), str(HERE.parent)]

from django_jsms import __version__  # noqa: E402

project = "django-jsms"
author = "The django-jsms team"
copyright = "2026, the django-jsms team"
version = release = __version__

extensions = ["myst_parser", "jsms_codes"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
exclude_patterns = ["_build"]

html_theme = "furo"
html_title = f"django-jsms {release}"
