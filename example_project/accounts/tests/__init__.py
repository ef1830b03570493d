"""Through the pages, as a visitor, against a sandbox. Run: ``python example_project/manage.py test accounts``."""
