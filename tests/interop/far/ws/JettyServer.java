// Jetty as a server that sends every message back: `java -cp ... JettyServer.java PORT`.

import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.websocket.api.WebSocketAdapter;
import org.eclipse.jetty.websocket.server.WebSocketHandler;
import org.eclipse.jetty.websocket.servlet.WebSocketServletFactory;

public class JettyServer {
    static final int LONGEST = 1 << 26;

    public static class Echo extends WebSocketAdapter {
        public void onWebSocketText(String text) {
            getRemote().sendStringByFuture(text);
        }

        public void onWebSocketBinary(byte[] bytes, int offset, int len) {
            getRemote().sendBytesByFuture(ByteBuffer.wrap(bytes, offset, len));
        }
    }

    public static void main(String[] args) throws Exception {
        Server server = new Server(new InetSocketAddress("127.0.0.1", Integer.parseInt(args[0])));
        server.setHandler(new WebSocketHandler() {
            public void configure(WebSocketServletFactory factory) {
                factory.getPolicy().setMaxTextMessageSize(LONGEST);
                factory.getPolicy().setMaxBinaryMessageSize(LONGEST);
                factory.register(Echo.class);
            }
        });
        server.start();
    }
}
