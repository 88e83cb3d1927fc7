"""Creates a database user with few rights, or gives it its current password. Safe to run again."""

import os
import re
import sys

import oracledb

# All it takes to work in a schema of its own: nothing in another one, nothing for others.
PRIVILEGES = ["CREATE SESSION", "CREATE TABLE", "CREATE VIEW", "CREATE SEQUENCE", "CREATE PROCEDURE", "CREATE TRIGGER"]


def opens(user, password):
    """Whether the password is the user's already: a profile may refuse to be given the same one again (ORA-28007)."""
    try:
        with oracledb.connect(user=user, password=password, dsn=os.environ["DATABASE_DSN"], tcp_connect_timeout=20):
            return True
    except oracledb.DatabaseError:
        return False


def main():
    user = os.environ["APP_USER"].upper()
    password = os.environ["APP_PASSWORD"]
    quota = os.environ["APP_QUOTA"]
    # Neither can be a bind variable in these statements.
    if not re.fullmatch(r"[A-Z][A-Z0-9_]{0,127}", user) or user in ("ADMIN", "SYS", "SYSTEM"):
        sys.exit(f"{user} is not a name for the application's user")
    if not re.fullmatch(r"[A-Za-z0-9_-]{12,30}", password):
        sys.exit("the password has characters, or a length, that cannot be used here")
    if not re.fullmatch(r"[1-9][0-9]*[MG]", quota):
        sys.exit(f"{quota} is not a quota such as 5G")

    with oracledb.connect(
        user=os.environ["ADMIN_USER"],
        password=os.environ["ADMIN_PASSWORD"],
        dsn=os.environ["DATABASE_DSN"],
        tcp_connect_timeout=20,
        retry_count=10,
        retry_delay=15,
    ) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM all_users WHERE username = :1", [user])
        if cursor.fetchone()[0] == 0:
            done = "created"
            cursor.execute(f'CREATE USER {user} IDENTIFIED BY "{password}"')
        elif opens(user, password):
            done = "password as before"
        else:
            done = "password set"
            cursor.execute(f'ALTER USER {user} IDENTIFIED BY "{password}"')
        cursor.execute(f"ALTER USER {user} QUOTA {quota} ON DATA ACCOUNT UNLOCK")
        for privilege in PRIVILEGES:
            cursor.execute(f"GRANT {privilege} TO {user}")
        print(f"{user}: {done}, {len(PRIVILEGES)} privileges, quota {quota}")


if __name__ == "__main__":
    main()
