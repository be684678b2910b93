<?php
// PHP's stomp: `client.php NAME HOST:PORT`. Prints what each check saw, as lines of JSON.

function say($check, $seen) {
    echo json_encode([$check, $seen], JSON_UNESCAPED_UNICODE), "\n";
}

[$host, $port] = explode(':', $argv[2]);
$client = new Stomp("tcp://$host:$port", '', '', ['accept-version' => '1.2', 'host' => $host]);
$client->setReadTimeout(5);
$client->subscribe('/topic/far', ['id' => '1', 'ack' => 'client-individual']);

function echoed($body, $headers = []) {
    global $client;
    $client->send('/topic/far', $body, $headers + ['content-length' => (string) strlen($body)]);
    $frame = $client->readFrame();
    if (!$frame) throw new Exception('no message');
    $client->ack($frame, ['id' => $frame->headers['ack']]);
    return $frame;
}

try {
    say('text', echoed('Grüße')->body);
    say('header', echoed('x', ['odd' => '10:30 C:\new'])->headers['odd'] ?? 'none');
    $bytes = implode('', array_map('chr', array_merge(...array_fill(0, 4, range(0, 255)))));
    say('binary', echoed($bytes)->body === $bytes ? 'echoed' : 'different');
    say('receipt', $client->send('/topic/other', 'x', ['receipt' => 'r']) ? 'of SEND' : 'none');
} catch (Exception $error) {
    say('the rest', $error->getMessage());
}
