-- The four roles of the database. None has a password here: CloudNativePG and Vault give and rotate them.
--
--   viridial_owner     owns the database and everything in it; cannot log in
--   viridial_migrator  runs migrations: a member of the owner, whose rights it takes with SET ROLE only
--   viridial_app       the services: reads and writes rows, through row-level security
--   viridial_readonly  reports and support: reads rows, through row-level security
--
-- Two ways lead here, and both end the same. An administrator migrates an empty server: the roles are made, and the
-- database is given to the owner. Or the server was made with roles and database (`CREATE DATABASE … OWNER
-- viridial_owner`) and the migrator migrates, with Flyway's initSql "SET ROLE viridial_owner": then nothing is changed
-- here, and roles that could go around row-level security are refused, all at once.
-- May be run again: it makes only what is missing.
DO $roles$
DECLARE
  wanted record;
  problems text;
BEGIN
  FOR wanted IN
    SELECT * FROM (VALUES
      ('viridial_owner', 'NOLOGIN'),
      ('viridial_migrator', 'LOGIN NOINHERIT'),
      ('viridial_app', 'LOGIN'),
      ('viridial_readonly', 'LOGIN')
    ) AS role (name, attributes)
  LOOP
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = wanted.name) THEN
      EXECUTE format('CREATE ROLE %I NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS %s', wanted.name, wanted.attributes);
    END IF;
  END LOOP;

  IF NOT pg_has_role('viridial_migrator', 'viridial_owner', 'MEMBER') THEN
    GRANT viridial_owner TO viridial_migrator;
  END IF;

  SELECT string_agg(problem, '; ' ORDER BY problem) INTO problems FROM (
    SELECT format('%s is a superuser', rolname) FROM pg_catalog.pg_roles
      WHERE rolname IN ('viridial_owner', 'viridial_migrator', 'viridial_app', 'viridial_readonly') AND rolsuper
    UNION ALL
    SELECT format('%s has BYPASSRLS', rolname) FROM pg_catalog.pg_roles
      WHERE rolname IN ('viridial_owner', 'viridial_migrator', 'viridial_app', 'viridial_readonly') AND rolbypassrls
    UNION ALL
    SELECT format('%s has CREATEROLE', rolname) FROM pg_catalog.pg_roles
      WHERE rolname IN ('viridial_app', 'viridial_readonly') AND rolcreaterole
    UNION ALL
    SELECT 'viridial_owner can log in' FROM pg_catalog.pg_roles WHERE rolname = 'viridial_owner' AND rolcanlogin
    UNION ALL
    SELECT format('%s is a member of viridial_owner', rolname) FROM pg_catalog.pg_roles
      WHERE rolname IN ('viridial_app', 'viridial_readonly') AND NOT rolsuper
        AND pg_has_role(rolname, 'viridial_owner', 'MEMBER')
  ) AS found (problem);
  IF problems IS NOT NULL THEN
    RAISE EXCEPTION 'roles that go around row-level security: %', problems;
  END IF;

  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_database
    WHERE datname = current_database() AND datdba = 'viridial_owner'::regrole
  ) THEN
    EXECUTE format('ALTER DATABASE %I OWNER TO viridial_owner', current_database());
  END IF;
END
$roles$;
