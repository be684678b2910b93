// Boost.Beast as a WebSocket client, `beast URL`, and as a server that sends every message back, `beast PORT`.

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/websocket.hpp>
#include <optional>
#include <thread>

#include "checks.hpp"

namespace beast = boost::beast;
namespace asio = boost::asio;
using Socket = beast::websocket::stream<beast::tcp_stream>;

static asio::io_context io;

static void prepare(Socket &socket) {
  beast::websocket::permessage_deflate deflate;
  deflate.client_enable = deflate.server_enable = true;
  socket.set_option(deflate);
  socket.read_message_max(LONGEST);
}

struct Client {
  std::optional<Socket> socket;

  std::string open(const std::string &url, const std::string &protocol) {
    std::string address = url.substr(5, url.find('/', 5) - 5), path = url.substr(url.find('/', 5));
    std::size_t colon = address.find(':');
    asio::ip::tcp::resolver resolver(io);
    socket.emplace(io);
    beast::get_lowest_layer(*socket).connect(resolver.resolve(address.substr(0, colon), address.substr(colon + 1)));
    prepare(*socket);
    socket->set_option(beast::websocket::stream_base::decorator([&](beast::websocket::request_type &request) {
      if (!protocol.empty()) request.set("Sec-WebSocket-Protocol", protocol);
    }));
    beast::websocket::response_type response;
    beast::error_code error;
    socket->handshake(response, address, path, error);
    // A blocking handshake fills `response` only when it succeeds.
    if (error == beast::websocket::error::upgrade_declined) throw Refused{"refused"};
    if (error) throw beast::system_error(error);
    return std::string(response["Sec-WebSocket-Protocol"]);
  }

  void send(const Message &message) {
    socket->binary(message.binary);
    socket->write(asio::buffer(message.data));
  }

  void send_pieces(const std::string &first, const char *payload, const std::string &last) {
    socket->text(true);
    socket->write_some(false, asio::buffer(first));
    socket->ping(payload);
    socket->write_some(true, asio::buffer(last));
  }

  Message receive() {
    beast::flat_buffer buffer;
    beast::error_code error;
    socket->read(buffer, error);
    if (error) throw Closed{socket->reason().code, std::string(socket->reason().reason.c_str())};
    return {socket->got_binary(), beast::buffers_to_string(buffer.data())};
  }

  void close(int code, const std::string &reason) {
    socket->close({static_cast<beast::websocket::close_code>(code), reason});
  }
};

static void echo(asio::ip::tcp::socket accepted) {
  Socket socket(std::move(accepted));
  prepare(socket);
  beast::error_code error;
  socket.accept(error);
  while (!error) {
    beast::flat_buffer buffer;
    socket.read(buffer, error);
    socket.binary(socket.got_binary());
    if (!error) socket.write(buffer.data(), error);
  }
}

int main(int, char **argv) {
  std::string where = argv[1];
  if (where.find(':') != std::string::npos) return check_all<Client>(where);
  asio::ip::tcp::acceptor acceptor(io, {asio::ip::make_address("127.0.0.1"), static_cast<unsigned short>(std::stoi(where))});
  for (;;) std::thread(echo, acceptor.accept()).detach();
}
