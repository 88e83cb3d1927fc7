local typedefs = require "kong.db.schema.typedefs"

return {
  name = "tenant",
  fields = {
    -- Whose tenant it is follows from the request, so it belongs to a route, a service or all of them.
    { consumer = typedefs.no_consumer },
    { protocols = typedefs.protocols_http },
    { config = {
        type = "record",
        fields = {
          { header_name = typedefs.header_name {
              description = "Header that services are told the tenant by; the client's own is dropped.",
              required = true, default = "X-Tenant-ID" } },
          { claim = {
              description = "Claim of the verified token that holds the tenant's UUID.",
              type = "string", required = true, default = "tenant_id" } },
          { required = {
              description = "Whether a request without a tenant is refused with 403; otherwise it passes without the header.",
              type = "boolean", required = true, default = true } },
        },
    } },
  },
}
