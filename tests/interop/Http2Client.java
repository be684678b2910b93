import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;

/** Java's own client of HTTP/2 against our server: {@code java Http2Client.java https://ADDRESS/}. */
class Http2Client {
  static final String GREETING = "Hello over HTTP/2!\n";

  /** The certificate is made for the test. */
  static final class Trusting implements X509TrustManager {
    public void checkClientTrusted(X509Certificate[] chain, String type) {}

    public void checkServerTrusted(X509Certificate[] chain, String type) {}

    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  }

  static void expect(boolean holds, String what) {
    if (!holds) throw new AssertionError(what);
  }

  public static void main(String[] args) throws Exception {
    var tls = SSLContext.getInstance("TLS");
    tls.init(null, new TrustManager[] {new Trusting()}, null);
    var client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_2).sslContext(tls).build();
    var request = HttpRequest.newBuilder(URI.create(args[0]));

    var greeting = client.send(request.build(), BodyHandlers.ofString());
    expect(greeting.version() == HttpClient.Version.HTTP_2, "it is " + greeting.version());
    expect(greeting.statusCode() == 200 && greeting.body().equals(GREETING), "no greeting");

    var head = request.copy().method("HEAD", BodyPublishers.noBody()).build();
    expect(client.send(head, BodyHandlers.ofString()).body().isEmpty(), "HEAD has a body");

    // Not quite as many at once as the server allows.
    List<CompletableFuture<HttpResponse<String>>> all = IntStream.range(0, 90).mapToObj(index ->
        client.sendAsync(request.copy().header("x-index", "" + index).build(), BodyHandlers.ofString())).toList();
    for (var one : all) expect(one.get().body().equals(GREETING), "no greeting");

    var bytes = new byte[1 << 20];
    for (int index = 0; index < bytes.length; index++) bytes[index] = (byte) (index * 31);
    var post = request.copy().POST(BodyPublishers.ofByteArray(bytes)).build();
    expect(Arrays.equals(client.send(post, BodyHandlers.ofByteArray()).body(), bytes), "1 MiB differs");
    var continued = request.copy().expectContinue(true).POST(BodyPublishers.ofByteArray(bytes)).build();
    expect(Arrays.equals(client.send(continued, BodyHandlers.ofByteArray()).body(), bytes), "1 MiB after 100 differs");
    System.out.println("passed");
  }
}
