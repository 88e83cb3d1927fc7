-- The schema, who may enter, what later tables grant, and how a table is put under row-level security.
SET LOCAL ROLE viridial_owner;

CREATE SCHEMA viridial;

-- PUBLIC is every role that the server will ever have: it gets nothing, here or in the schema that PostgreSQL ships.
DO $public$
BEGIN
  EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
  EXECUTE format('GRANT CONNECT ON DATABASE %I TO viridial_migrator, viridial_app, viridial_readonly', current_database());
  -- On the database, not on a role: a server connection of PgBouncer is shared, and a managed role is not ours to alter.
  EXECUTE format('ALTER DATABASE %I SET search_path = viridial', current_database());
  IF to_regnamespace('public') IS NOT NULL THEN
    REVOKE ALL ON SCHEMA public FROM PUBLIC;
  END IF;
END
$public$;

GRANT USAGE ON SCHEMA viridial TO viridial_app, viridial_readonly;

-- What PostgreSQL grants to PUBLIC by itself. Not IN SCHEMA: a schema's default privileges only add to the global ones.
ALTER DEFAULT PRIVILEGES FOR ROLE viridial_owner REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE viridial_owner REVOKE USAGE ON TYPES FROM PUBLIC;

-- Tables of later migrations. Never TRUNCATE, REFERENCES or TRIGGER: row-level security does not apply to them.
ALTER DEFAULT PRIVILEGES FOR ROLE viridial_owner IN SCHEMA viridial
  GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO viridial_app;
ALTER DEFAULT PRIVILEGES FOR ROLE viridial_owner IN SCHEMA viridial
  GRANT SELECT ON TABLES TO viridial_readonly;
ALTER DEFAULT PRIVILEGES FOR ROLE viridial_owner IN SCHEMA viridial
  GRANT USAGE ON SEQUENCES TO viridial_app;

-- A service names its tenant at the start of each transaction:
--
--   BEGIN;
--   SELECT set_config('app.organization_id', $1, true);   -- or SET LOCAL app.organization_id = '…'
--   …
--   COMMIT;
--
-- The third argument, or LOCAL, ends the setting with the transaction. It has to: PgBouncer in transaction mode gives
-- the server connection to another client after COMMIT, and a setting of the session would go with it. A LOCAL setting
-- leaves the empty text behind, not NULL: without NULLIF the next query on that connection would fail on ''::uuid
-- where it has to see no rows.
CREATE PROCEDURE viridial.isolate_by_organization(tenant_table regclass, key name DEFAULT 'organization_id')
LANGUAGE plpgsql
SET search_path = pg_catalog
AS $isolate$
DECLARE
  rule text := format('%I = NULLIF(current_setting(''app.organization_id'', true), '''')::uuid', key);
BEGIN
  EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', tenant_table);
  -- The owner too: migrations, views and functions of the owner see one tenant at a time.
  EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', tenant_table);
  EXECUTE format(
    'CREATE POLICY organization_isolation ON %s FOR ALL TO PUBLIC USING (%s) WITH CHECK (%s)', tenant_table, rule, rule
  );
END
$isolate$;

COMMENT ON PROCEDURE viridial.isolate_by_organization IS
  'Puts a table under row-level security, forced, by app.organization_id. Each migration calls it for each table it makes.';
