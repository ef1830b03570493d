"""The site: settings and addresses. What it does is in ``accounts``."""
