# Ruby's em-websocket as a server that sends every message back: `em_websocket.rb PORT`.

require 'em-websocket'

EM.run do
  EM::WebSocket.run(host: '127.0.0.1', port: ARGV[0].to_i) do |socket|
    EM::WebSocket.max_frame_size = 1 << 26
    socket.onmessage { |text| socket.send_text(text) }
    socket.onbinary { |bytes| socket.send_binary(bytes) }
  end
end
