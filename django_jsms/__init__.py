"""JSMS (极光短信) for Django. Import what you use by name: ``from django_jsms.services import send_code``."""

__version__ = "0.1.0.dev0"
