#include "platform/posix/unix_socket.h"

#include <cerrno>

namespace mercury::platform::posix {

base::Result<Descriptor> make_socket() {
  Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return base::Error{"io_error", "cannot make a socket: " + reason(errno)};
  return socket;
}

ssize_t send_some(int socket, std::span<const std::byte> bytes) {
  return ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
}

}  // namespace mercury::platform::posix
