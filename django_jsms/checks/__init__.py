"""System checks of the settings. Ids are stable: a retired number is never used again.

E001 no keys (deploy) · E002 unknown or misplaced setting · E010 key or secret · E011 address · E012 callback
token · E013 ALLOWED_MOBILES · E014 dotted path · E015 test numbers · E016 budget · E017 conversion · E018 proxy
settings · E019 unknown database (--database) · E030 life of codes · E031 limit · E041 timeout · E050 reports ·
E051 balance threshold or address ·
W001 no keys · W002 sandbox in production (deploy) · W003 unknown DISPATCH · W030 lax code settings ·
W031 proxy unknown (deploy) · W032 limit switched off · W033 no budget (deploy) · W034 test numbers (deploy) ·
W070 HASH_KEY (deploy) · W071 thread dispatch (deploy) · W072 Celery without a default app · W080 lost schedules ·
W081 names of templates · W082 no worker · W084 not utf8mb4 · W085 no addresses ·
W086 collation that folds · W087 driver without COPY (the last seven --database)
"""

from .running import (
    check_addresses,
    check_celery,
    check_charset,
    check_collations,
    check_driver,
    check_schedules,
    check_templates,
    check_workers,
)
from .settings import check_deployment, check_settings

__all__ = [
    "check_addresses",
    "check_celery",
    "check_charset",
    "check_collations",
    "check_deployment",
    "check_driver",
    "check_schedules",
    "check_settings",
    "check_templates",
    "check_workers",
]
