# Mojolicious as a server that sends every message back: `mojolicious.pl PORT`.
use Mojolicious::Lite -signatures;

websocket '/' => sub ($c) {
    $c->tx->max_websocket_size(1 << 26)->with_compression;
    $c->on(text   => sub ($c, $bytes) { $c->send({text   => $bytes}) });
    $c->on(binary => sub ($c, $bytes) { $c->send({binary => $bytes}) });
};
app->log->level('fatal');
app->start('daemon', '-l', "http://127.0.0.1:$ARGV[0]");
