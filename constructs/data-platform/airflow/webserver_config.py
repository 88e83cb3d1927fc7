"""How people log in to Airflow: through Keycloak. Addresses and the client's secret come from the environment."""

import os

from flask_appbuilder.const import AUTH_OAUTH

ISSUER = os.environ.get("OIDC_ISSUER", "")
BACKCHANNEL = os.environ.get("OIDC_BACKCHANNEL", "")

AUTH_TYPE = AUTH_OAUTH
AUTH_USER_REGISTRATION = True
# Somebody in none of the groups sees nothing.
AUTH_USER_REGISTRATION_ROLE = "Public"
AUTH_ROLES_SYNC_AT_LOGIN = True
# Group of Keycloak -> roles of Airflow.
AUTH_ROLES_MAPPING = {"admins": ["Admin"], "data-engineers": ["Op"], "analysts": ["Viewer"]}

OAUTH_PROVIDERS = [
    {
        # This name tells Airflow how to read who somebody is.
        "name": "keycloak",
        "icon": "fa-key",
        "token_key": "access_token",
        "remote_app": {
            "client_id": os.environ.get("OIDC_CLIENT_ID", ""),
            "client_secret": os.environ.get("OIDC_CLIENT_SECRET", ""),
            "client_kwargs": {"scope": "openid profile email"},
            "api_base_url": f"{BACKCHANNEL}/protocol/",
            "access_token_url": f"{BACKCHANNEL}/protocol/openid-connect/token",
            "jwks_uri": f"{BACKCHANNEL}/protocol/openid-connect/certs",
            "authorize_url": f"{ISSUER}/protocol/openid-connect/auth",
            "request_token_url": None,
        },
    }
]
