# Ruby's faye-websocket as a client: `faye.rb URL`. Prints what each check saw, as lines of JSON.

require 'eventmachine'
require 'faye/websocket'
require 'fiber'
require 'json'

SIZES = [0, 125, 126, 65_535, 65_536, 1 << 20, 5 << 20].freeze

def say(check, seen)
  puts JSON.generate([check, seen])
  $stdout.flush
end

# A socket whose events a fiber waits for.
class Peer
  attr_reader :socket

  def initialize(url, protocols = [])
    @events = []
    @socket = Faye::WebSocket::Client.new(url, protocols, max_length: 1 << 26)
    @socket.on(:open) { put(:open) }
    @socket.on(:message) { |event| put(event.data) }
    @socket.on(:close) { |event| put([event.code, event.reason]) }
  end

  def put(event)
    @events << event
    fiber = @waiting
    @waiting = nil
    fiber&.resume
  end

  def next
    while @events.empty?
      @waiting = Fiber.current
      Fiber.yield
    end
    @events.shift
  end
end

def echoes(kind, url)
  peer = Peer.new("#{url}/ws/echo")
  peer.next
  SIZES.each do |size|
    text = "#{'ä' * (size / 2)}#{'a' * (size % 2)}"
    sent = kind == 'text' ? text : text.bytes
    peer.socket.send(sent)
    back = peer.next
    say("#{kind} of #{size} bytes", back == sent ? 'echoed' : back.class.name)
  end
  peer
end

def checks(url)
  peer = echoes('text', url)
  peer.socket.close(4001, 'bye')
  say('close by the client', peer.next.join(' ').strip)
  echoes('binary', url)
  chat = Peer.new("#{url}/ws/chat", ['chat'])
  chat.next
  say('subprotocol', chat.socket.protocol.to_s)
  chat.socket.send('x' * 70_000)
  last = chat.next until last.is_a?(Array)
  say('close by the server', last[0].to_s)
  say('refusal', Peer.new("#{url}/nothing").next.is_a?(Array) ? 'refused' : 'opened')
end

EM.run do
  EM.add_timer(60) { EM.stop }
  Fiber.new do
    begin
      checks(ARGV[0])
    rescue StandardError => e
      say('the rest', e.message)
    end
    EM.stop
  end.resume
end
