# WebSocket clients of Perl: `clients.pl NAME URL`. Prints what each check saw, as lines of JSON.
use strict;
use warnings;
use utf8;

use AnyEvent;
use AnyEvent::WebSocket::Client;
use JSON::PP qw(encode_json);
use Mojo::IOLoop;
use Mojo::UserAgent;

use constant LONGEST => 1 << 26;
$| = 1;
my ($name, $url) = @ARGV;

sub say_seen { print encode_json([$_[0], "$_[1]"]), "\n" }

# Each client has `open`, which returns its subprotocol or dies with a status, `send` of a kind and bytes or characters,
# `next`, which returns ['message', kind, data] or ['closed', code, reason], and `close`.
package AnyEventClient {
    sub open {
        my ($class, $url, @protocols) = @_;
        my $client = AnyEvent::WebSocket::Client->new(
            (subprotocol => \@protocols) x !!@protocols,
            max_payload_size => ::LONGEST,
        );
        my $self = bless {events => [], woken => AE::cv()}, $class;
        my $connection = $self->{connection} = eval { $client->connect($url)->recv }
            or die $@ =~ /404/ ? "404\n" : $@;
        my $put = sub { push @{$self->{events}}, [@_]; $self->{woken}->send };
        $connection->on(each_message => sub {
            my $message = $_[1];
            $message->is_text ? $put->('message', 'text', $message->decoded_body) : $put->('message', 'binary', $message->body);
        });
        $connection->on(finish => sub { $put->('closed', $connection->close_code // 'no code', $connection->close_reason // '') });
        return $self;
    }

    sub protocol { $_[0]{connection}->subprotocol // '' }

    sub send {
        my ($self, $kind, $data) = @_;
        my $body = $kind eq 'text' ? Encode::encode_utf8($data) : $data;
        $self->{connection}->send(AnyEvent::WebSocket::Message->new(body => $body, opcode => $kind eq 'text' ? 1 : 2));
    }

    sub next {
        my $self = shift;
        until (@{$self->{events}}) { $self->{woken} = AE::cv(); $self->{woken}->recv }
        return shift @{$self->{events}};
    }

    sub close { $_[0]{connection}->close($_[1], $_[2]) }
}

package MojoClient {
    my $agent = Mojo::UserAgent->new;

    sub open {
        my ($class, $url, @protocols) = @_;
        my $self = bless {events => []}, $class;
        my $put  = sub { push @{$self->{events}}, [@_] };
        my $code;
        # Its way to agree on compression.
        $agent->websocket($url => {'Sec-WebSocket-Extensions' => 'permessage-deflate'} => [@protocols] => sub {
            my (undef, $tx) = @_;
            $code = $tx->is_websocket ? 0 : $tx->res->code;
            return if $code;
            $self->{tx} = $tx->max_websocket_size(::LONGEST);
            $tx->on(text   => sub { $put->('message', 'text',   Encode::decode_utf8($_[1])) });
            $tx->on(binary => sub { $put->('message', 'binary', $_[1]) });
            $tx->on(finish => sub { $put->('closed', $_[1] // 'no code', $_[2] // '') });
        });
        Mojo::IOLoop->one_tick until defined $code;
        die "$code\n" if $code;
        return $self;
    }

    sub protocol { $_[0]{tx}->protocol // '' }

    sub send { $_[0]{tx}->send({$_[1] => $_[1] eq 'text' ? Encode::encode_utf8($_[2]) : $_[2]}) }

    sub next {
        my $self = shift;
        Mojo::IOLoop->one_tick until @{$self->{events}};
        return shift @{$self->{events}};
    }

    sub close { $_[0]{tx}->finish($_[1], $_[2]) }
}

package main;
require Encode;
my $class = $name eq 'Mojolicious' ? 'MojoClient' : 'AnyEventClient';

sub echoes {
    my $kind   = shift;
    my $client = $class->open("$url/ws/echo");
    for my $size (0, 125, 126, 65535, 65536, 1 << 20, 5 << 20) {
        my $sent = $kind eq 'text' ? 'ä' x ($size / 2) . 'a' x ($size % 2) : "\xFF" x $size;
        $client->send($kind, $sent);
        my ($event, $as, $back) = @{$client->next};
        die "closed with $as\n" if $event eq 'closed';
        say_seen("$kind of $size bytes", $as eq $kind && $back eq $sent ? 'echoed' : "$as of " . length $back);
    }
    return $client;
}

sub end_of {
    my $client = shift;
    my $event;
    do { $event = $client->next } until $event->[0] eq 'closed';
    return @$event[1, 2];
}

alarm 60;
eval {
    my $client = echoes('text');
    $client->close(4001, 'bye');
    say_seen('close by the client', join(' ', grep { length } end_of($client)));
    echoes('binary');
    my $chat = $class->open("$url/ws/chat", 'chat');
    say_seen('subprotocol', $chat->protocol);
    $chat->send('text', 'x' x 70_000);
    say_seen('close by the server', (end_of($chat))[0]);
    say_seen('refusal', eval { $class->open("$url/nothing") } ? 'opened' : $@ =~ s/\n//r);
    1;
} or say_seen('the rest', $@ =~ s/\n/ /gr);
