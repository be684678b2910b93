// WebSocket clients of Java: `java -cp ... Clients.java NAME URL`. Prints what each check saw, as lines of JSON.

import java.io.ByteArrayOutputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocketHandshakeException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import okio.ByteString;
import org.eclipse.jetty.websocket.api.Session;
import org.eclipse.jetty.websocket.api.UpgradeException;
import org.eclipse.jetty.websocket.api.WebSocketListener;
import org.eclipse.jetty.websocket.client.ClientUpgradeRequest;
import org.eclipse.jetty.websocket.client.WebSocketClient;

public class Clients {
    static final int[] SIZES = {0, 125, 126, 65535, 65536, 1 << 20, 5 << 20};
    static final int LONGEST = 1 << 26;

    record Opened(String protocol) {}

    record Closed(String code) {}

    record Refused(String status) {}

    /** A client that puts strings, arrays of bytes and the records above in `events`. */
    abstract static class Peer {
        final BlockingQueue<Object> events = new LinkedBlockingQueue<>();

        abstract void open(String url, String protocol) throws Exception;

        abstract void send(String text) throws Exception;

        abstract void send(byte[] bytes) throws Exception;

        abstract void close(int code, String reason) throws Exception;

        /** Sends a text in two fragments, and a ping between them. Returns whether the library can. */
        boolean sendPieces(String first, byte[] payload, String last) throws Exception {
            return false;
        }

        Object next() throws InterruptedException {
            Object event = events.poll(20, TimeUnit.SECONDS);
            return event == null ? "nothing" : event;
        }
    }

    static class Jdk extends Peer implements java.net.http.WebSocket.Listener {
        java.net.http.WebSocket socket;
        final StringBuilder text = new StringBuilder();
        final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

        void open(String url, String protocol) {
            var builder = HttpClient.newHttpClient().newWebSocketBuilder();
            if (protocol != null) builder.subprotocols(protocol);
            try {
                socket = builder.buildAsync(URI.create(url), this).join();
                events.add(new Opened(socket.getSubprotocol()));
            } catch (CompletionException error) {
                var cause = error.getCause();
                boolean answered = cause instanceof WebSocketHandshakeException;
                events.add(new Refused(answered ? "" + ((WebSocketHandshakeException) cause).getResponse().statusCode() : "" + cause));
            }
        }

        void send(String text) {
            socket.sendText(text, true).join();
        }

        void send(byte[] bytes) {
            socket.sendBinary(ByteBuffer.wrap(bytes), true).join();
        }

        boolean sendPieces(String first, byte[] payload, String last) {
            socket.sendText(first, false).join();
            socket.sendPing(ByteBuffer.wrap(payload)).join();
            socket.sendText(last, true).join();
            return true;
        }

        void close(int code, String reason) {
            socket.sendClose(code, reason);
        }

        public CompletionStage<?> onText(java.net.http.WebSocket socket, CharSequence part, boolean last) {
            text.append(part);
            if (last) {
                events.add(text.toString());
                text.setLength(0);
            }
            socket.request(1);
            return null;
        }

        public CompletionStage<?> onBinary(java.net.http.WebSocket socket, ByteBuffer part, boolean last) {
            byte[] copy = new byte[part.remaining()];
            part.get(copy);
            bytes.writeBytes(copy);
            if (last) {
                events.add(bytes.toByteArray());
                bytes.reset();
            }
            socket.request(1);
            return null;
        }

        public CompletionStage<?> onClose(java.net.http.WebSocket socket, int code, String reason) {
            events.add(new Closed((code + " " + reason).strip()));
            return null;
        }

        public void onError(java.net.http.WebSocket socket, Throwable error) {
            events.add(new Closed("" + error));
        }
    }

    static class OkHttp extends Peer {
        okhttp3.WebSocket socket;

        void open(String url, String protocol) {
            var request = new Request.Builder().url(url);
            if (protocol != null) request.header("Sec-WebSocket-Protocol", protocol);
            socket = new OkHttpClient().newWebSocket(request.build(), new okhttp3.WebSocketListener() {
                public void onOpen(okhttp3.WebSocket socket, Response response) {
                    events.add(new Opened(response.header("Sec-WebSocket-Protocol")));
                }

                public void onMessage(okhttp3.WebSocket socket, String text) {
                    events.add(text);
                }

                public void onMessage(okhttp3.WebSocket socket, ByteString bytes) {
                    events.add(bytes.toByteArray());
                }

                public void onClosing(okhttp3.WebSocket socket, int code, String reason) {
                    events.add(new Closed((code + " " + reason).strip()));
                    socket.close(code, reason);
                }

                public void onFailure(okhttp3.WebSocket socket, Throwable error, Response response) {
                    events.add(response == null ? new Closed("" + error) : new Refused("" + response.code()));
                }
            });
        }

        void send(String text) {
            socket.send(text);
        }

        void send(byte[] bytes) {
            socket.send(ByteString.of(bytes));
        }

        void close(int code, String reason) {
            socket.close(code, reason);
        }
    }

    public static class Jetty extends Peer implements WebSocketListener {
        Session session;
        WebSocketClient client;

        void open(String url, String protocol) throws Exception {
            client = new WebSocketClient();
            client.getPolicy().setMaxTextMessageSize(LONGEST);
            client.getPolicy().setMaxBinaryMessageSize(LONGEST);
            client.start();
            var request = new ClientUpgradeRequest();
            request.addExtensions("permessage-deflate");
            if (protocol != null) request.setSubProtocols(protocol);
            try {
                session = client.connect(this, URI.create(url), request).get();
                events.add(new Opened(session.getUpgradeResponse().getAcceptedSubProtocol()));
            } catch (java.util.concurrent.ExecutionException error) {
                boolean answered = error.getCause() instanceof UpgradeException;
                events.add(new Refused(answered ? "" + ((UpgradeException) error.getCause()).getResponseStatusCode() : "" + error));
            }
        }

        void send(String text) throws Exception {
            session.getRemote().sendString(text);
        }

        void send(byte[] bytes) throws Exception {
            session.getRemote().sendBytes(ByteBuffer.wrap(bytes));
        }

        boolean sendPieces(String first, byte[] payload, String last) throws Exception {
            session.getRemote().sendPartialString(first, false);
            session.getRemote().sendPing(ByteBuffer.wrap(payload));
            session.getRemote().sendPartialString(last, true);
            return true;
        }

        void close(int code, String reason) {
            session.close(code, reason);
        }

        public void onWebSocketText(String text) {
            events.add(text);
        }

        public void onWebSocketBinary(byte[] bytes, int offset, int len) {
            events.add(Arrays.copyOfRange(bytes, offset, offset + len));
        }

        public void onWebSocketClose(int code, String reason) {
            events.add(new Closed((code + " " + (reason == null ? "" : reason)).strip()));
        }

        public void onWebSocketConnect(Session session) {}

        public void onWebSocketError(Throwable error) {}
    }

    static Peer peer(String name) {
        return switch (name) {
            case "OkHttp" -> new OkHttp();
            case "Jetty" -> new Jetty();
            default -> new Jdk();
        };
    }

    static void say(String check, Object seen) {
        String text = seen.toString().replace('"', '\'').replace('\n', ' ').replace('\\', '/');
        System.out.printf("[\"%s\", \"%s\"]%n", check, text.length() > 200 ? text.substring(0, 200) : text);
    }

    static Peer echoes(String kind, String name, String url) throws Exception {
        Peer peer = peer(name);
        peer.open(url + "/ws/echo", null);
        if (!(peer.next() instanceof Opened)) throw new IllegalStateException("it does not open");
        for (int size : SIZES) {
            byte[] bytes = new byte[size];
            for (int i = 0; i < size; i++) bytes[i] = (byte) (kind.equals("text") ? 'a' + i % 26 : i);
            String text = new String(bytes, "ISO-8859-1").replace('q', 'ä');
            if (kind.equals("text")) peer.send(text);
            else peer.send(bytes);
            Object back = peer.next();
            boolean same = back instanceof byte[] ? kind.equals("binary") && Arrays.equals((byte[]) back, bytes) : back.equals(text);
            say(kind + " of " + size + " bytes", same ? "echoed" : back);
        }
        return peer;
    }

    public static void main(String[] args) throws Exception {
        String name = args[0];
        String url = args[1];
        try {
            Peer peer = echoes("text", name, url);
            if (peer.sendPieces("in ", new byte[] {'p', (byte) 0xFF}, "pieces ☃")) {
                say("its fragments", peer.next().equals("in pieces ☃") ? "echoed" : "changed");
                say("its ping", "sent");
            }
            peer.close(4001, "bye");
            say("close by the client", peer.next() instanceof Closed closed ? closed.code() : "nothing");
            echoes("binary", name, url);
            Peer chat = peer(name);
            chat.open(url + "/ws/chat", "chat");
            say("subprotocol", chat.next() instanceof Opened opened ? opened.protocol() : "nothing");
            chat.send("x".repeat(70_000));
            Object last;
            do last = chat.next(); while (last instanceof String text && !text.equals("nothing"));
            say("close by the server", last instanceof Closed closed ? closed.code() : last);
            Peer refused = peer(name);
            refused.open(url + "/nothing", null);
            say("refusal", refused.next() instanceof Refused refusal ? refusal.status() : "opened");
        } catch (Exception error) {
            say("the rest", error);
        }
        System.exit(0);
    }
}
