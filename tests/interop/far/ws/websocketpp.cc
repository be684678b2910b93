// websocketpp as a WebSocket client, `websocketpp URL`, and as a server that sends every message back, `websocketpp PORT`.

#include <deque>
#include <variant>
#include <websocketpp/client.hpp>
#include <websocketpp/config/asio_no_tls.hpp>
#include <websocketpp/config/asio_no_tls_client.hpp>
#include <websocketpp/extensions/permessage_deflate/enabled.hpp>
#include <websocketpp/server.hpp>

#include "checks.hpp"

// The defaults have no compression.
template <class Base> struct Config : Base {
  struct permessage_deflate_config {};
  using permessage_deflate_type = websocketpp::extensions::permessage_deflate::enabled<permessage_deflate_config>;
  static const std::size_t max_message_size = LONGEST;
};

using Endpoint = websocketpp::client<Config<websocketpp::config::asio_client>>;
using Server = websocketpp::server<Config<websocketpp::config::asio>>;
namespace opcode = websocketpp::frame::opcode;

struct Client {
  Endpoint endpoint;
  Endpoint::connection_ptr connection;
  std::deque<std::variant<std::string, Message, Closed, Refused>> events;

  auto next() {
    while (events.empty()) endpoint.run_one();
    auto event = events.front();
    events.pop_front();
    if (auto *closed = std::get_if<Closed>(&event)) throw *closed;
    if (auto *refused = std::get_if<Refused>(&event)) throw *refused;
    return event;
  }

  std::string open(const std::string &url, const std::string &protocol) {
    endpoint.clear_access_channels(websocketpp::log::alevel::all);
    endpoint.clear_error_channels(websocketpp::log::elevel::all);
    endpoint.init_asio();
    // Its own `get_subprotocol` is for servers.
    endpoint.set_open_handler([this](auto) { events.push_back(connection->get_response_header("Sec-WebSocket-Protocol")); });
    endpoint.set_message_handler([this](auto, auto message) {
      events.push_back(Message{message->get_opcode() == opcode::binary, message->get_payload()});
    });
    endpoint.set_close_handler([this](auto) {
      events.push_back(Closed{connection->get_remote_close_code(), connection->get_remote_close_reason()});
    });
    endpoint.set_fail_handler([this](auto) { events.push_back(Refused{std::to_string(connection->get_response_code())}); });
    std::error_code error;
    connection = endpoint.get_connection(url, error);
    if (!protocol.empty()) connection->add_subprotocol(protocol);
    endpoint.connect(connection);
    return std::get<std::string>(next());
  }

  void send(const Message &message) { connection->send(message.data, message.binary ? opcode::binary : opcode::text); }

  Message receive() { return std::get<Message>(next()); }

  void close(int code, const std::string &reason) { connection->close(code, reason); }
};

int main(int, char **argv) {
  std::string where = argv[1];
  if (where.find(':') != std::string::npos) return check_all<Client>(where);
  Server server;
  server.clear_access_channels(websocketpp::log::alevel::all);
  server.init_asio();
  server.set_message_handler([&](auto handle, auto message) { server.send(handle, message->get_payload(), message->get_opcode()); });
  server.listen("127.0.0.1", where);
  server.start_accept();
  server.run();
}
