// What each client of C++ is asked for. Prints what each check saw, as lines of JSON.
//
// A client has `open`, `send`, `receive` and `close`; it throws `Closed` once the other end has closed, and `Refused`.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <unistd.h>

constexpr std::size_t LONGEST = 1 << 26;

struct Message {
  bool binary;
  std::string data;
};

struct Closed {
  int code;
  std::string reason;
};

struct Refused {
  std::string status;
};

inline void say(const std::string &check, const std::string &seen) {
  std::printf("[\"%s\", \"%s\"]\n", check.c_str(), seen.c_str());
  std::fflush(stdout);
}

template <class Client> void echoes(Client &client, const std::string &base, bool binary) {
  client.open(base + "/ws/echo", "");
  for (std::size_t size : {0, 125, 126, 65535, 65536, 1 << 20, 5 << 20}) {
    std::string data;
    for (std::size_t i = 0; i + 1 < size; i += 2) data += binary ? std::string{'\0', '\xFF'} : "\xC3\xA4";
    data.resize(size, 'a');
    client.send({binary, data});
    Message back = client.receive();
    bool same = back.binary == binary && back.data == data;
    say((binary ? "binary of " : "text of ") + std::to_string(size) + " bytes",
        same ? "echoed" : std::to_string(back.data.size()) + " bytes");
  }
}

template <class Client> Closed end_of(Client &client) {
  try {
    for (;;) client.receive();
  } catch (const Closed &closed) {
    return closed;
  }
}

// A text in two fragments with a ping between them, of a client that can send it.
template <class Client> auto pieces(Client &client, int) -> decltype(client.send_pieces("", "", "")) {
  client.send_pieces("in ", "p\xFF", "pieces");
  say("its fragments", client.receive().data == "in pieces" ? "echoed" : "changed");
  say("its ping", "sent");
}

template <class Client> void pieces(Client &, long) {}

template <class Client> int check_all(const std::string &base) {
  alarm(60);
  try {
    {
      Client client;
      echoes(client, base, false);
      pieces(client, 0);
      client.close(4001, "bye");
      Closed closed = end_of(client);
      say("close by the client", std::to_string(closed.code) + (closed.reason.empty() ? "" : " " + closed.reason));
    }
    {
      Client client;
      echoes(client, base, true);
    }
    {
      Client client;
      say("subprotocol", client.open(base + "/ws/chat", "chat"));
      client.send({false, std::string(70000, 'x')});
      Closed closed = end_of(client);
      say("close by the server", std::to_string(closed.code) + (closed.reason.empty() ? "" : " " + closed.reason));
    }
    Client client;
    try {
      client.open(base + "/nothing", "");
      say("refusal", "opened");
    } catch (const Refused &refused) {
      say("refusal", refused.status);
    }
  } catch (const Closed &closed) {
    say("the rest", "closed " + std::to_string(closed.code));
  } catch (const std::exception &error) {
    say("the rest", error.what());
  }
  std::_Exit(0);
}
