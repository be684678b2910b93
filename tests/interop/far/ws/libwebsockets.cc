// libwebsockets as a WebSocket client, `libwebsockets URL`, and as a server that sends every message back, `libwebsockets PORT`.

#include <deque>
#include <libwebsockets.h>
#include <variant>

#include "checks.hpp"

using Event = std::variant<std::string, Message, Closed, Refused>;

// One connection, of either role.
struct Peer {
  lws *socket = nullptr;
  std::deque<Event> events;
  std::deque<Message> output;
  // Compression reads what is written until the next call to write.
  std::string part, reason, buffer;
  int close_code = 0, remote_code = 0;
  bool is_server = false;

  void on_part(const void *data, std::size_t len) {
    part.append(static_cast<const char *>(data), len);
    if (lws_remaining_packet_payload(socket) || !lws_is_final_fragment(socket)) return;
    Message message{lws_frame_is_binary(socket) != 0, std::move(part)};
    part.clear();
    if (is_server) {
      output.push_back(std::move(message));
      lws_callback_on_writable(socket);
    } else {
      events.push_back(std::move(message));
    }
  }

  // Returns whether to go on.
  bool on_writable() {
    if (close_code) {
      lws_close_reason(socket, static_cast<lws_close_status>(close_code), reinterpret_cast<unsigned char *>(reason.data()),
                       reason.size());
      return false;
    }
    if (output.empty()) return true;
    Message message = std::move(output.front());
    output.pop_front();
    buffer = std::string(LWS_PRE, '\0') + message.data;
    auto *start = reinterpret_cast<unsigned char *>(buffer.data()) + LWS_PRE;
    lws_write(socket, start, message.data.size(), message.binary ? LWS_WRITE_BINARY : LWS_WRITE_TEXT);
    lws_callback_on_writable(socket);
    return true;
  }
};

static int callback(lws *socket, lws_callback_reasons reason, void *user, void *in, std::size_t len) {
  auto *peer = *static_cast<Peer **>(lws_context_user(lws_get_context(socket)));
  if (peer == nullptr) peer = user ? *static_cast<Peer **>(user) : nullptr;
  switch (reason) {
  case LWS_CALLBACK_ESTABLISHED:
    *static_cast<Peer **>(user) = new Peer{socket};
    (*static_cast<Peer **>(user))->is_server = true;
    break;
  case LWS_CALLBACK_CLOSED:
    delete peer;
    break;
  case LWS_CALLBACK_CLIENT_FILTER_PRE_ESTABLISH: {
    // The head of the answer is gone after it.
    char name[64] = "";
    lws_hdr_copy(socket, name, sizeof name, WSI_TOKEN_PROTOCOL);
    peer->events.push_back(std::string(name));
    break;
  }
  case LWS_CALLBACK_RECEIVE:
  case LWS_CALLBACK_CLIENT_RECEIVE:
    peer->on_part(in, len);
    break;
  case LWS_CALLBACK_SERVER_WRITEABLE:
  case LWS_CALLBACK_CLIENT_WRITEABLE:
    return peer->on_writable() ? 0 : -1;
  case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
    if (len >= 2) peer->remote_code = static_cast<unsigned char *>(in)[0] << 8 | static_cast<unsigned char *>(in)[1];
    break;
  case LWS_CALLBACK_CLIENT_CLOSED:
    // It does not show the answer to a close of its own.
    peer->events.push_back(Closed{peer->remote_code ? peer->remote_code : peer->close_code, ""});
    break;
  case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
    peer->events.push_back(Refused{in && std::string(static_cast<char *>(in), len).find("upgrade") ? "refused" : "no answer"});
    break;
  default:
    break;
  }
  return 0;
}

static const lws_protocols PROTOCOLS[] = {{"echo", callback, sizeof(Peer *), 65536, 0, nullptr, 0}, {}};
static const lws_extension EXTENSIONS[] = {
    {"permessage-deflate", lws_extension_callback_pm_deflate, "permessage-deflate; client_max_window_bits"}, {}};

static lws_context *context_on(int port, Peer **peer) {
  lws_set_log_level(0, nullptr);
  lws_context_creation_info info{};
  info.port = port;
  info.iface = port == CONTEXT_PORT_NO_LISTEN ? nullptr : "127.0.0.1";
  info.protocols = PROTOCOLS;
  info.extensions = EXTENSIONS;
  info.user = peer;
  return lws_create_context(&info);
}

struct Client {
  Peer peer;
  Peer *pointer = &peer;
  lws_context *context = context_on(CONTEXT_PORT_NO_LISTEN, &pointer);

  Event next() {
    while (peer.events.empty()) lws_service(context, 0);
    Event event = std::move(peer.events.front());
    peer.events.pop_front();
    if (auto *closed = std::get_if<Closed>(&event)) throw *closed;
    if (auto *refused = std::get_if<Refused>(&event)) throw *refused;
    return event;
  }

  std::string open(const std::string &url, const std::string &protocol) {
    std::string address = url.substr(5, url.find('/', 5) - 5), path = url.substr(url.find('/', 5));
    std::string host = address.substr(0, address.find(':'));
    lws_client_connect_info info{};
    info.context = context;
    info.address = host.c_str();
    info.port = std::stoi(address.substr(address.find(':') + 1));
    info.path = path.c_str();
    info.host = address.c_str();
    info.protocol = protocol.empty() ? nullptr : protocol.c_str();
    info.local_protocol_name = "echo";
    info.pwsi = &peer.socket;
    lws_client_connect_via_info(&info);
    return std::get<std::string>(next());
  }

  void send(const Message &message) {
    peer.output.push_back(message);
    lws_callback_on_writable(peer.socket);
  }

  Message receive() { return std::get<Message>(next()); }

  void close(int code, const std::string &reason) {
    peer.close_code = code;
    peer.reason = reason;
    lws_callback_on_writable(peer.socket);
  }
};

int main(int, char **argv) {
  std::string where = argv[1];
  if (where.find(':') != std::string::npos) return check_all<Client>(where);
  Peer *none = nullptr;
  lws_context *context = context_on(std::stoi(where), &none);
  while (lws_service(context, 0) >= 0) {
  }
}
