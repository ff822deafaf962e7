#include "platform/posix/unix_socket.h"

#include <cerrno>
#include <cstring>

#include "platform/paths.h"

namespace mercury::platform::posix {

base::Result<sockaddr_un> socket_address(const std::string& path) {
  // The kernel's own limit is 107; ours is the smallest of all systems, so that one path works on each.
  static_assert(kAddressBytesMax < sizeof(sockaddr_un::sun_path));
  if (path.empty() || path.size() > kAddressBytesMax) {
    return base::Error{"bad_address", "the socket path '" + path + "' has " + std::to_string(path.size()) +
                                          " bytes; it must have 1 to " + std::to_string(kAddressBytesMax)};
  }
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

int connect_once(int socket, const sockaddr_un& address) {
  int result = 0;
  do {
    result = ::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  } while (result != 0 && errno == EINTR);
  return result == 0 ? 0 : errno;
}

}  // namespace mercury::platform::posix
