// An echo server on uWebSockets, for `race`.

#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <thread>

#include "App.h"

struct Nothing {};

int main() {
    std::thread([] {
        while (std::getchar() != EOF) {
        }
        std::_Exit(0);
    }).detach();

    uWS::App()
        .ws<Nothing>("/*", {
            .compression = uWS::DISABLED,
            .maxPayloadLength = 64 * 1024 * 1024,
            .message = [](auto *socket, std::string_view message, uWS::OpCode opcode) {
                socket->send(message, opcode);
            },
        })
        .listen("127.0.0.1", 0, [](us_listen_socket_t *listener) {
            if (!listener) std::exit(1);
            auto port = us_socket_local_port(0, reinterpret_cast<us_socket_t *>(listener));
            std::printf("listening on http://127.0.0.1:%d\n", port);
            std::fflush(stdout);
        })
        .run();
}
