# What is other than in the chart's own configuration, which comes before this. No broker and no cache of its own: queries
# are answered while one waits, and what is cached is in Superset's database.
import os

SECRET_KEY = os.environ["SUPERSET_SECRET_KEY"]
SQLALCHEMY_DATABASE_URI = os.environ["DATABASE_URI"]
# Behind Traefik, which says how it was asked.
ENABLE_PROXY_FIX = True
SESSION_COOKIE_SECURE = True

CELERY_CONFIG = None
RESULTS_BACKEND = None
CACHE_CONFIG = {
    "CACHE_TYPE": "SupersetMetastoreCache",
    "CACHE_KEY_PREFIX": "superset_",
    "CACHE_DEFAULT_TIMEOUT": 300,
}
DATA_CACHE_CONFIG = CACHE_CONFIG
FILTER_STATE_CACHE_CONFIG = CACHE_CONFIG
EXPLORE_FORM_DATA_CACHE_CONFIG = CACHE_CONFIG
