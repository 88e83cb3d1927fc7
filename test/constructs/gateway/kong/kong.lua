-- A stand-in for what Kong gives a plugin, as far as the plugin `tenant` uses it. Reads a request as a Lua table from
-- standard input, runs the handler on it and prints what came of it, a line each.
--
--   luajit kong.lua <folder of the plugin>
--
-- Headers are kept by their exact bytes, in lower case: "-" and "_" differ, as in nginx's list of headers.
local folder = arg[1]
local request = assert(loadstring("return " .. io.read("*a")))()

local headers, logged = {}, {}
for name, value in pairs(request.headers) do
  headers[name:lower()] = value
end

kong = {
  ctx = { shared = { authenticated_jwt_token = request.token } },
  client = {
    get_credential = function() return request.credential end,
    get_consumer = function() return request.consumer end,
  },
  service = { request = {
    clear_header = function(name) headers[name:lower()] = nil end,
    set_header = function(name, value) headers[name:lower()] = value end,
  } },
  log = { set_serialize_value = function(name, value) logged[name] = value end },
  -- Kong ends the request here: nothing after it runs.
  response = { exit = function(status, body) error({ status = status, message = body.message }) end },
}

-- Kong's own reads and checks a signed text; here a token is its name in the request's table of claims.
package.preload["kong.plugins.jwt.jwt_parser"] = function()
  return { new = function(_, token)
    local claims = request.claims[token]
    if not claims then return nil, "bad token" end
    return { claims = claims }
  end }
end

local function called(name)
  return setmetatable({ type = name }, { __call = function(self, more)
    more.type = self.type
    return more
  end })
end
package.preload["kong.db.schema.typedefs"] = function()
  return { no_consumer = called("no consumer"), protocols_http = called("http"), header_name = called("header name") }
end

-- The configuration as Kong completes it: the schema's defaults, and what the request's table says.
local conf = {}
local schema = dofile(folder .. "/schema.lua")
for _, field in ipairs(schema.fields) do
  local name, definition = next(field)
  print("field " .. name .. " " .. definition.type)
  for _, option in ipairs(definition.fields or {}) do
    local key, of = next(option)
    conf[key] = of.default
    print(("option %s %s %s %s"):format(key, of.type, tostring(of.required), tostring(of.default)))
  end
end
for key, value in pairs(request.conf or {}) do
  assert(conf[key] ~= nil, "no option " .. key)
  conf[key] = value
end

local handler = dofile(folder .. "/handler.lua")
print("plugin " .. schema.name .. " " .. handler.PRIORITY)
local ok, ended = pcall(handler.access, handler, conf)
if not ok then
  assert(type(ended) == "table", ended)
  print("exit " .. ended.status .. " " .. ended.message)
end
local names = {}
for name in pairs(headers) do names[#names + 1] = name end
table.sort(names)
for _, name in ipairs(names) do print("header " .. name .. " " .. headers[name]) end
for name, value in pairs(logged) do print("logged " .. name .. " " .. value) end
