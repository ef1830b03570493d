"""The example's tests need its own settings: tests/example/ runs them with ``manage.py test``."""

collect_ignore_glob = ["*"]
