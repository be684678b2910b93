# Ruby's grpc: `client.rb NAME HOST:PORT`. Prints what each check saw, as lines of JSON.
#
# Messages are bytes, which are written here: a payload is a field in a field.

require 'grpc'
require 'json'

SERVICE = '/grpc.testing.TestService/'
AS_IT_IS = ->(bytes) { bytes }

def say(check, seen)
  puts JSON.generate([check, seen])
end

def varint(number)
  bytes = ''.b
  while number > 127
    bytes << (number & 127 | 128)
    number >>= 7
  end
  bytes << number
end

# Field 3 of a request is a payload, whose field 2 has its bytes; field 2 is how many to answer with.
def request(len, sent)
  body = "\x12".b + varint(sent) + "\0".b * sent
  "\x10".b + varint(len) + "\x1A".b + varint(body.bytesize) + body
end

def code_of
  yield
  'OK'
rescue GRPC::BadStatus => e
  e.class.name.split('::').last
end

stub = GRPC::ClientStub.new(ARGV[1], :this_channel_is_insecure)
unary = ->(method, message, **options) { stub.request_response(SERVICE + method, message, AS_IT_IS, AS_IT_IS, **options) }
say('empty', unary.call('EmptyCall', ''.b).bytesize)
say('large', unary.call('UnaryCall', request(314_159, 271_828)).bytesize)
say('unknown method', code_of { unary.call('Nothing', ''.b) })

# A response for each of field 2's, whose field 1 is its length.
wanted = [31_415, 9, 2653, 58_979].map { |len| "\x08".b + varint(len) }
wanted = wanted.map { |one| "\x12".b + varint(one.bytesize) + one }
stream = stub.server_streamer("#{SERVICE}StreamingOutputCall", wanted.join, AS_IT_IS, AS_IT_IS)
say('server streaming', stream.map(&:bytesize))
say('both ways', stub.bidi_streamer("#{SERVICE}FullDuplexCall", wanted, AS_IT_IS, AS_IT_IS).map(&:bytesize))
say('deadline', code_of do
  requests = Enumerator.new { |_| sleep 1 }
  stub.bidi_streamer("#{SERVICE}FullDuplexCall", requests, AS_IT_IS, AS_IT_IS, deadline: Time.now + 0.1).to_a
end)
