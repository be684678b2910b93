# Perl's Net::Stomp: `client.pl NAME HOST:PORT`. Prints what each check saw, as lines of JSON.
use strict;
use warnings;
use utf8;

use Encode qw(decode_utf8 encode_utf8);
use JSON::PP qw(encode_json);
use Net::Stomp;

sub say_seen { print encode_json([@_]), "\n" }

my ($host, $port) = split /:/, $ARGV[1];
my $client = Net::Stomp->new({hostname => $host, port => $port});
# Perl's strings of bytes: 1.2 has no other text than UTF-8.
$client->connect({'accept-version' => '1.0,1.1,1.2', host => $host});
$client->subscribe({destination => '/topic/far', id => 1, ack => 'client-individual'});

sub echo {
    my ($body, %headers) = @_;
    $client->send({destination => '/topic/far', body => $body, 'content-length' => length $body, %headers});
    my $frame = $client->receive_frame;
    $client->ack({frame => $frame, id => $frame->headers->{ack}});
    return $frame;
}

alarm 15;
say_seen('text', decode_utf8(echo(encode_utf8('Grüße'))->body));
say_seen('header', echo('x', odd => '10:30 C:\new')->headers->{odd});
my $bytes = join '', map { chr } (0 .. 255) x 4;
say_seen('binary', echo($bytes)->body eq $bytes ? 'echoed' : 'different');
say_seen('receipt', $client->send_with_receipt({destination => '/topic/other', body => 'x'}) ? 'of SEND' : 'none');
$client->disconnect;
