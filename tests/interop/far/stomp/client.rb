# Ruby's stomp: `client.rb NAME HOST:PORT`. Prints what each check saw, as lines of JSON.

require 'json'
require 'stomp'

def say(check, seen)
  puts JSON.generate([check, seen])
end

host, port = ARGV[1].split(':')
bytes = ((0..255).to_a * 4).pack('C*')
headers = { 'accept-version' => '1.2', 'host' => host }
client = Stomp::Client.new(hosts: [{ host: host, port: port.to_i }], connect_headers: headers, reliable: false)
messages = Queue.new
client.subscribe('/topic/far', 'id' => '1', 'ack' => 'client-individual') do |message|
  client.ack(message, 'id' => message.headers['ack'])
  messages << message
end
client.publish('/topic/far', 'Grüße')
say('text', messages.pop.body.dup.force_encoding('UTF-8'))
client.publish('/topic/far', 'x', 'odd' => '10:30 C:\new')
say('header', messages.pop.headers['odd'])
client.publish('/topic/far', bytes)
say('binary', messages.pop.body.b == bytes ? 'echoed' : 'different')
received = Queue.new
client.publish('/topic/other', 'x') { |receipt| received << receipt.command }
say('receipt', received.pop == 'RECEIPT' ? 'of SEND' : 'none')
client.close
