-- Says which tenant a request is of: takes it from what Kong has verified, and never from the client.
--
-- It runs after jwt (1450) and key-auth (1250), which verify, and before rate-limiting (910), which may count by the
-- header: Kong's own transformer (801) would come too late, and its jwt plugin forwards no claims.

local jwt_parser = require "kong.plugins.jwt.jwt_parser"

local kong = kong

local Tenant = {
  PRIORITY = 930,
  VERSION = "1.0.0",
}

-- A UUID as RFC 9562 writes it.
local UUID = "^%x%x%x%x%x%x%x%x%-%x%x%x%x%-%x%x%x%x%-%x%x%x%x%-%x%x%x%x%x%x%x%x%x%x%x%x$"

-- Mark of the tag that names a consumer's tenant.
local TAG = "^tenant:(.*)$"

-- The spellings of a header's name with "_" for some of its "-". Kong reads a header by nginx's variable, for which
-- X-Tenant-ID and X_Tenant_ID are the same: a forged one would be counted, and by some frameworks believed.
local function spellings(name)
  local found = { "" }
  for character in name:gmatch(".") do
    local longer = {}
    for _, start in ipairs(found) do
      longer[#longer + 1] = start .. character
      if character == "-" then
        longer[#longer + 1] = start .. "_"
      end
    end
    found = longer
  end
  return found
end

-- The tenant in the token that the jwt plugin has verified: as it is there, whatever its type.
local function of_token(token, claim)
  -- A token that was verified is a text that can be read.
  local jwt = jwt_parser:new(token)
  return jwt and jwt.claims[claim]
end

-- The tenant of an API key's consumer: of its tag `tenant:<id>`, or else its custom id.
local function of_consumer(consumer)
  for _, tag in ipairs(consumer and consumer.tags or {}) do
    local id = tag:match(TAG)
    if id then
      return id
    end
  end
  return consumer and consumer.custom_id
end

function Tenant:access(conf)
  for _, spelling in ipairs(spellings(conf.header_name)) do
    kong.service.request.clear_header(spelling)
  end

  local tenant
  local token = kong.ctx.shared.authenticated_jwt_token
  if token then
    tenant = of_token(token, conf.claim)
  elseif kong.client.get_credential() then
    -- Only with a credential: the anonymous consumer, who needs none, is nobody's.
    tenant = of_consumer(kong.client.get_consumer())
  end

  if tenant == nil then
    if conf.required then
      return kong.response.exit(403, { message = "No tenant" })
    end
    return
  end
  if type(tenant) ~= "string" or not tenant:match(UUID) then
    return kong.response.exit(403, { message = "Malformed tenant" })
  end

  -- In one spelling, or limits would be counted for each.
  tenant = tenant:lower()
  kong.service.request.set_header(conf.header_name, tenant)
  kong.log.set_serialize_value("tenant_id", tenant)
end

return Tenant
