# People log in through Keycloak. Addresses and the client's secret come from the environment.
from flask_appbuilder.security.manager import AUTH_OAUTH
from superset.security import SupersetSecurityManager


class KeycloakSecurityManager(SupersetSecurityManager):
    """Reads who somebody is, and their groups, from Keycloak."""

    def get_oauth_user_info(self, provider, response=None):
        answer = self.oauth_remotes[provider].get("openid-connect/userinfo")
        answer.raise_for_status()
        data = answer.json()
        return {
            "username": data.get("preferred_username", ""),
            "first_name": data.get("given_name", ""),
            "last_name": data.get("family_name", ""),
            "email": data.get("email", ""),
            "role_keys": data.get("groups", []),
        }


CUSTOM_SECURITY_MANAGER = KeycloakSecurityManager
AUTH_TYPE = AUTH_OAUTH
AUTH_USER_REGISTRATION = True
# Somebody in none of the groups sees nothing.
AUTH_USER_REGISTRATION_ROLE = "Public"
AUTH_ROLES_SYNC_AT_LOGIN = True
# Group of Keycloak -> roles of Superset.
AUTH_ROLES_MAPPING = {"admins": ["Admin"], "data-engineers": ["Alpha"], "analysts": ["Gamma"]}
OAUTH_PROVIDERS = [
    {
        "name": "keycloak",
        "icon": "fa-key",
        "token_key": "access_token",
        "remote_app": {
            "client_id": os.environ["OIDC_CLIENT_ID"],
            "client_secret": os.environ["OIDC_CLIENT_SECRET"],
            "client_kwargs": {"scope": "openid profile email"},
            "api_base_url": os.environ["OIDC_BACKCHANNEL"] + "/protocol/",
            "access_token_url": os.environ["OIDC_BACKCHANNEL"] + "/protocol/openid-connect/token",
            "jwks_uri": os.environ["OIDC_BACKCHANNEL"] + "/protocol/openid-connect/certs",
            "authorize_url": os.environ["OIDC_ISSUER"] + "/protocol/openid-connect/auth",
            "request_token_url": None,
        },
    }
]
