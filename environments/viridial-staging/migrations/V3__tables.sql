-- The tables of the tenants. Every primary key begins with organization_id, for three reasons: it is the index that the
-- policy needs; a foreign key to it carries the tenant along, so that no row refers to another tenant's (foreign keys are
-- checked without row-level security); and a key that another tenant has is free here, so that no error tells of it.
SET LOCAL ROLE viridial_owner;

-- A tenant. Made and removed by the migrator only; removing one removes all of its rows.
CREATE TABLE viridial.organizations (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  slug text NOT NULL UNIQUE CHECK (slug ~ '^[a-z][a-z0-9-]{1,30}[a-z0-9]$'),
  name text NOT NULL,
  plan text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE viridial.users (
  organization_id uuid NOT NULL REFERENCES viridial.organizations ON DELETE CASCADE,
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  email text NOT NULL,
  display_name text NOT NULL,
  role text NOT NULL DEFAULT 'agent' CHECK (role IN ('admin', 'agent', 'viewer')),
  disabled_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (organization_id, id)
);
-- The same person may work for two agencies: two rows.
CREATE UNIQUE INDEX users_email ON viridial.users (organization_id, lower(email));

CREATE TABLE viridial.properties (
  organization_id uuid NOT NULL REFERENCES viridial.organizations ON DELETE CASCADE,
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  agent_id uuid,
  reference text NOT NULL,
  title text NOT NULL,
  description text NOT NULL DEFAULT '',
  status text NOT NULL DEFAULT 'draft' CHECK (status IN ('draft', 'published', 'under_offer', 'sold', 'withdrawn')),
  price_cents bigint CHECK (price_cents >= 0),
  currency text NOT NULL DEFAULT 'EUR' CHECK (currency ~ '^[A-Z]{3}$'),
  city text,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (organization_id, id),
  UNIQUE (organization_id, reference),
  -- The column is named: organization_id must not become NULL with it.
  FOREIGN KEY (organization_id, agent_id) REFERENCES viridial.users ON DELETE SET NULL (agent_id)
);
CREATE INDEX properties_agent ON viridial.properties (organization_id, agent_id);
CREATE INDEX properties_status ON viridial.properties (organization_id, status, updated_at);

-- Object keys are relative to the tenant's prefix of the bucket.
CREATE TABLE viridial.property_images (
  organization_id uuid NOT NULL REFERENCES viridial.organizations ON DELETE CASCADE,
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  property_id uuid NOT NULL,
  object_key text NOT NULL CHECK (object_key <> '' AND object_key !~ '(^/|(^|/)\.\.(/|$))'),
  media_type text NOT NULL,
  position integer NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (organization_id, id),
  FOREIGN KEY (organization_id, property_id) REFERENCES viridial.properties ON DELETE CASCADE
);
CREATE INDEX property_images_property ON viridial.property_images (organization_id, property_id, position);

CREATE TABLE viridial.documents (
  organization_id uuid NOT NULL REFERENCES viridial.organizations ON DELETE CASCADE,
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  property_id uuid,
  uploaded_by uuid,
  title text NOT NULL,
  object_key text NOT NULL CHECK (object_key <> '' AND object_key !~ '(^/|(^|/)\.\.(/|$))'),
  media_type text NOT NULL,
  size_bytes bigint NOT NULL CHECK (size_bytes >= 0),
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (organization_id, id),
  FOREIGN KEY (organization_id, property_id) REFERENCES viridial.properties ON DELETE SET NULL (property_id),
  FOREIGN KEY (organization_id, uploaded_by) REFERENCES viridial.users ON DELETE SET NULL (uploaded_by)
);
CREATE INDEX documents_property ON viridial.documents (organization_id, property_id);
CREATE INDEX documents_uploaded_by ON viridial.documents (organization_id, uploaded_by);

CREATE TABLE viridial.leads (
  organization_id uuid NOT NULL REFERENCES viridial.organizations ON DELETE CASCADE,
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  property_id uuid,
  assigned_to uuid,
  full_name text NOT NULL,
  email text,
  phone text,
  message text NOT NULL DEFAULT '',
  status text NOT NULL DEFAULT 'new' CHECK (status IN ('new', 'contacted', 'visiting', 'won', 'lost')),
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (organization_id, id),
  CHECK (email IS NOT NULL OR phone IS NOT NULL),
  FOREIGN KEY (organization_id, property_id) REFERENCES viridial.properties ON DELETE SET NULL (property_id),
  FOREIGN KEY (organization_id, assigned_to) REFERENCES viridial.users ON DELETE SET NULL (assigned_to)
);
CREATE INDEX leads_property ON viridial.leads (organization_id, property_id);
CREATE INDEX leads_assigned_to ON viridial.leads (organization_id, assigned_to, status);

CREATE TABLE viridial.notifications (
  organization_id uuid NOT NULL REFERENCES viridial.organizations ON DELETE CASCADE,
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  user_id uuid NOT NULL,
  kind text NOT NULL,
  payload jsonb NOT NULL DEFAULT '{}',
  read_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (organization_id, id),
  FOREIGN KEY (organization_id, user_id) REFERENCES viridial.users ON DELETE CASCADE
);
CREATE INDEX notifications_user ON viridial.notifications (organization_id, user_id, created_at);

-- Events written in the transaction that they tell of, and published to RabbitMQ after it, tenant by tenant.
CREATE TABLE viridial.outbox_events (
  organization_id uuid NOT NULL REFERENCES viridial.organizations ON DELETE CASCADE,
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  exchange text NOT NULL CHECK (exchange IN ('property.events', 'lead.events', 'notification.events')),
  routing_key text NOT NULL,
  payload jsonb NOT NULL,
  occurred_at timestamptz NOT NULL DEFAULT now(),
  published_at timestamptz,
  PRIMARY KEY (organization_id, id)
);
CREATE INDEX outbox_events_unpublished ON viridial.outbox_events (organization_id, occurred_at)
  WHERE published_at IS NULL;

-- Who did what. Names its actor without a foreign key: the entry outlives the user.
CREATE TABLE viridial.audit_entries (
  organization_id uuid NOT NULL REFERENCES viridial.organizations ON DELETE CASCADE,
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  actor_id uuid,
  action text NOT NULL,
  entity text NOT NULL,
  entity_id uuid,
  details jsonb NOT NULL DEFAULT '{}',
  occurred_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (organization_id, id)
);
CREATE INDEX audit_entries_occurred ON viridial.audit_entries (organization_id, occurred_at);

CALL viridial.isolate_by_organization('viridial.organizations', 'id');
CALL viridial.isolate_by_organization('viridial.users');
CALL viridial.isolate_by_organization('viridial.properties');
CALL viridial.isolate_by_organization('viridial.property_images');
CALL viridial.isolate_by_organization('viridial.documents');
CALL viridial.isolate_by_organization('viridial.leads');
CALL viridial.isolate_by_organization('viridial.notifications');
CALL viridial.isolate_by_organization('viridial.outbox_events');
CALL viridial.isolate_by_organization('viridial.audit_entries');

-- A service renames its own organization and no more: slug and plan come from the list of tenants.
REVOKE INSERT, UPDATE, DELETE ON viridial.organizations FROM viridial_app;
GRANT UPDATE (name) ON viridial.organizations TO viridial_app;

-- Audit entries are added, never changed.
REVOKE UPDATE, DELETE ON viridial.audit_entries FROM viridial_app;
