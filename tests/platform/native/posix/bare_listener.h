// Somebody who listens at an address without the code under test, and has room for one client that is not accepted.
#pragma once

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

#include "platform/paths.h"

namespace mercury::platform::testing {

class BareListener {
 public:
  explicit BareListener(const Address& address) : socket_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    std::strncpy(name.sun_path, address.path.c_str(), sizeof name.sun_path - 1);
    // The kernel holds one client more than the backlog says.
    if (::bind(socket_, reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0 || ::listen(socket_, 0) != 0) {
      std::abort();
    }
  }
  BareListener(const BareListener&) = delete;
  BareListener& operator=(const BareListener&) = delete;
  ~BareListener() { ::close(socket_); }

  // Sends the client away that waits, so that the next one has its place.
  void make_room() { ::close(::accept(socket_, nullptr, nullptr)); }

 private:
  int socket_;
};

}  // namespace mercury::platform::testing
