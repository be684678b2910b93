-- lua-http as a WebSocket client, `websocket.lua URL`, and as a server that sends every message back, `websocket.lua PORT`.
-- The client prints what each check saw, as lines of JSON.

local websocket = require "http.websocket"

local where = arg[1]

local function say(check, seen)
  print(('["%s", "%s"]'):format(check, tostring(seen):gsub('["\\\n]', "'")))
  io.stdout:flush()
end

local function open(path, protocols)
  local socket = websocket.new_from_uri(where .. path, protocols)
  assert(socket:connect(10))
  return socket
end

local function echoes(kind)
  local socket = open("/ws/echo")
  for _, size in ipairs { 0, 125, 126, 65535, 65536, 1048576, 5242880 } do
    local sent = kind == "text" and ("ä"):rep(math.floor(size / 2)) .. ("a"):rep(size % 2) or ("\xFF"):rep(size)
    assert(socket:send(sent, kind, 20))
    local back, as = socket:receive(20)
    say(("%s of %d bytes"):format(kind, size), back == sent and as == kind and "echoed" or as)
  end
  return socket
end

local function checks()
  local socket = echoes "text"
  socket:close(4001, "bye", 5)
  say("close by the client", ("%s %s"):format(socket.got_close_code or "no code", socket.got_close_message or ""):gsub(" $", ""))
  echoes "binary"
  local chat = open("/ws/chat", { "chat" })
  say("subprotocol", chat.protocol)
  chat:send(("x"):rep(70000), "text", 20)
  repeat until not chat:receive(20)
  say("close by the server", chat.got_close_code)
  local refused = websocket.new_from_uri(where .. "/nothing")
  local _, problem = refused:connect(10)
  say("refusal", refused.headers and refused.headers:get ":status" or problem and "refused" or "opened")
end

if where:find "^%d+$" then
  local server = require("http.server").listen {
    host = "127.0.0.1",
    port = tonumber(where),
    onerror = function() end,
    onstream = function(_, stream)
      local socket = websocket.new_from_stream(stream, assert(stream:get_headers()))
      if not socket or not socket:accept() then return end
      for data, kind in socket:each() do
        socket:send(data, kind)
      end
      socket:close()
    end,
  }
  assert(server:listen())
  assert(server:loop())
end
local ok, problem = pcall(checks)
if not ok then say("the rest", problem) end
os.exit(0, false)
