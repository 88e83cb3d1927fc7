-- What would let one tenant see another, read from the catalog: no rows while all is well. The tests call it, with later
-- migrations in place; operators may, at any time. Every table of the schema is a tenant's: a table for all tenants goes
-- into a schema of its own.
SET LOCAL ROLE viridial_owner;

CREATE FUNCTION viridial.isolation_problems() RETURNS TABLE (object text, problem text)
LANGUAGE sql
STABLE
SET search_path = pg_catalog
AS $problems$
  WITH tenant_table AS (
    SELECT c.oid, c.relname, c.relrowsecurity, c.relforcerowsecurity, k.name AS key, a.attnum, a.attnotnull, a.atttypid,
      -- As PostgreSQL prints the rule of isolate_by_organization.
      format('(%I = (NULLIF(current_setting(''app.organization_id''::text, true), ''''::text))::uuid)', k.name) AS rule
    FROM pg_class c
    CROSS JOIN LATERAL (
      SELECT CASE WHEN c.oid = 'viridial.organizations'::regclass THEN 'id' ELSE 'organization_id' END AS name
    ) k
    LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = k.name AND NOT a.attisdropped
    WHERE c.relnamespace = 'viridial'::regnamespace AND c.relkind IN ('r', 'p')
  ), policy AS (
    SELECT t.oid, t.relname, p.polname, p.polpermissive,
      p.polcmd = '*' AND p.polroles = '{0}'::oid[]
        AND pg_get_expr(p.polqual, p.polrelid) = t.rule
        AND coalesce(pg_get_expr(p.polwithcheck, p.polrelid) = t.rule, false) AS isolates
    FROM tenant_table t JOIN pg_policy p ON p.polrelid = t.oid
  ), owned AS (
    SELECT c.relname::text AS name, c.relowner AS owner FROM pg_class c
      WHERE c.relnamespace = 'viridial'::regnamespace
    UNION ALL SELECT p.proname, p.proowner FROM pg_proc p WHERE p.pronamespace = 'viridial'::regnamespace
    UNION ALL SELECT t.typname, t.typowner FROM pg_type t WHERE t.typnamespace = 'viridial'::regnamespace
    UNION ALL SELECT 'schema ' || n.nspname, n.nspowner FROM pg_namespace n WHERE n.nspname = 'viridial'
    UNION ALL SELECT 'database', d.datdba FROM pg_database d WHERE d.datname = current_database()
  ), granted AS (
    SELECT c.relname::text AS name, g.grantee, g.privilege_type
      FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) g WHERE c.relnamespace = 'viridial'::regnamespace
    UNION ALL
    SELECT c.relname || '.' || a.attname, g.grantee, g.privilege_type
      FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid CROSS JOIN LATERAL aclexplode(a.attacl) g
      WHERE c.relnamespace = 'viridial'::regnamespace
    UNION ALL
    SELECT p.proname, g.grantee, g.privilege_type
      FROM pg_proc p CROSS JOIN LATERAL aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) g
      WHERE p.pronamespace = 'viridial'::regnamespace
    UNION ALL
    SELECT 'schema ' || n.nspname, g.grantee, g.privilege_type
      FROM pg_namespace n CROSS JOIN LATERAL aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) g
      WHERE n.nspname IN ('viridial', 'public')
    UNION ALL
    SELECT 'database', g.grantee, g.privilege_type
      FROM pg_database d CROSS JOIN LATERAL aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) g
      WHERE d.datname = current_database()
  )
  SELECT relname, format('has no column %s of type uuid, NOT NULL', key) FROM tenant_table
    WHERE attnum IS NULL OR NOT attnotnull OR atttypid <> 'uuid'::regtype
  UNION ALL
  SELECT relname, format('has no index that begins with %s', key) FROM tenant_table t
    WHERE NOT EXISTS (
      SELECT FROM pg_index i
      WHERE i.indrelid = t.oid AND i.indkey[0] = t.attnum AND i.indpred IS NULL AND i.indisvalid
    )
  UNION ALL
  SELECT relname, 'does not refer to organizations by organization_id' FROM tenant_table t
    WHERE t.oid <> 'viridial.organizations'::regclass AND NOT EXISTS (
      SELECT FROM pg_constraint f
      WHERE f.contype = 'f' AND f.conrelid = t.oid AND f.confrelid = 'viridial.organizations'::regclass
        AND f.conkey = ARRAY[t.attnum]
    )
  UNION ALL
  SELECT t.relname, format('has the foreign key %s, which does not carry organization_id', f.conname)
    FROM pg_constraint f
    JOIN tenant_table t ON t.oid = f.conrelid
    JOIN tenant_table r ON r.oid = f.confrelid
    WHERE f.contype = 'f' AND NOT EXISTS (
      SELECT FROM unnest(f.conkey, f.confkey) AS pair (here, there) WHERE pair.here = t.attnum AND pair.there = r.attnum
    )
  UNION ALL
  SELECT relname, 'has no row-level security' FROM tenant_table WHERE NOT relrowsecurity
  UNION ALL
  SELECT relname, 'does not force row-level security on its owner' FROM tenant_table WHERE NOT relforcerowsecurity
  UNION ALL
  SELECT relname, 'has no policy by app.organization_id' FROM tenant_table t
    WHERE NOT EXISTS (SELECT FROM policy p WHERE p.oid = t.oid AND p.polpermissive AND p.isolates)
  UNION ALL
  -- Permissive policies are joined by OR: any other one opens what the first closes.
  SELECT relname, format('has the policy %s, which lets other rows through', polname) FROM policy
    WHERE polpermissive AND NOT coalesce(isolates, false)
  UNION ALL
  SELECT relname, 'is a materialized view or a foreign table, which row-level security does not reach' FROM pg_class
    WHERE relnamespace = 'viridial'::regnamespace AND relkind IN ('m', 'f')
  UNION ALL
  SELECT name, format('belongs to %s instead of viridial_owner', owner::regrole) FROM owned
    WHERE owner <> 'viridial_owner'::regrole
  UNION ALL
  SELECT name, format('grants %s to PUBLIC', privilege_type) FROM granted WHERE grantee = 0
  UNION ALL
  SELECT name, format('grants %s to %s, which row-level security does not reach', privilege_type, grantee::regrole)
    FROM granted
    WHERE grantee NOT IN (0, 'viridial_owner'::regrole) AND privilege_type IN ('TRUNCATE', 'REFERENCES', 'TRIGGER')
  UNION ALL
  SELECT name, format('grants %s to viridial_readonly', privilege_type) FROM granted
    WHERE grantee = 'viridial_readonly'::regrole AND privilege_type NOT IN ('SELECT', 'USAGE', 'CONNECT')
  UNION ALL
  SELECT r.rolname, 'goes around row-level security' FROM pg_roles r
    WHERE r.rolname IN ('viridial_owner', 'viridial_migrator', 'viridial_app', 'viridial_readonly')
        AND (r.rolsuper OR r.rolbypassrls)
      -- Users that Vault makes are members of one of the two.
      OR NOT r.rolsuper AND r.rolbypassrls
        AND (pg_has_role(r.oid, 'viridial_app', 'MEMBER') OR pg_has_role(r.oid, 'viridial_readonly', 'MEMBER'))
  UNION ALL
  SELECT r.rolname, 'is a member of viridial_owner' FROM pg_roles r
    WHERE NOT r.rolsuper AND pg_has_role(r.oid, 'viridial_owner', 'MEMBER')
      AND (pg_has_role(r.oid, 'viridial_app', 'MEMBER') OR pg_has_role(r.oid, 'viridial_readonly', 'MEMBER'))
      AND r.rolname <> 'viridial_owner'
  UNION ALL
  SELECT coalesce(nullif(s.setrole, 0)::regrole::text, 'database'), 'presets app.organization_id'
    FROM pg_db_role_setting s CROSS JOIN LATERAL unnest(s.setconfig) AS entry
    WHERE entry LIKE 'app.organization\_id=%'
      AND (s.setdatabase = 0 OR s.setdatabase = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database()))
$problems$;

COMMENT ON FUNCTION viridial.isolation_problems IS 'What would let one tenant see another; no rows while all is well.';
