-- Who may connect besides the roles of the tenants' data, since V2 took it from PUBLIC: what reads the server's metrics,
-- and what dumps. By the groups that every PostgreSQL has, so that the operator's own roles need not be there yet.
SET LOCAL ROLE viridial_owner;

DO $connections$
BEGIN
  EXECUTE format('GRANT CONNECT ON DATABASE %I TO pg_monitor, pg_read_all_data', current_database());
END
$connections$;
