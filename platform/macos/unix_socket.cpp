// socket() takes no flags here: between it and fcntl() another thread's fork() would inherit the socket. Nothing of
// ours forks once there are threads. SIGPIPE is turned off for the socket, once; send() knows a flag for it since macOS
// 14 only.
#include "platform/posix/unix_socket.h"

#include <fcntl.h>

#include <cerrno>

namespace mercury::platform::posix {

base::Result<Descriptor> make_socket() {
  Descriptor socket(::socket(AF_UNIX, SOCK_STREAM, 0));
  const int on = 1;
  if (!socket || ::fcntl(socket.number(), F_SETFD, FD_CLOEXEC) != 0 ||
      ::fcntl(socket.number(), F_SETFL, O_NONBLOCK) != 0 ||
      ::setsockopt(socket.number(), SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof on) != 0) {
    return base::Error{"io_error", "cannot make a socket: " + reason(errno)};
  }
  return socket;
}

ssize_t send_some(int socket, std::span<const std::byte> bytes) {
  return ::send(socket, bytes.data(), bytes.size(), 0);
}

}  // namespace mercury::platform::posix
