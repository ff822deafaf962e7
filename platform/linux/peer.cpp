// SO_PEERCRED says who called connect() (or, seen from a client, listen()); SO_PEERGROUPS, since Linux 4.13, which
// supplementary groups that process had. The option answers ERANGE with the length it needs.
#include "platform/peer.h"

#include <sys/socket.h>

#include <cerrno>

#include "platform/posix/credentials.h"
#include "platform/posix/descriptor.h"

namespace mercury::platform::posix {
namespace {

// None if the kernel is too old to know.
bool groups_from_kernel(int socket, std::vector<std::uint32_t>& groups) {
#ifdef SO_PEERGROUPS
  static_assert(sizeof(gid_t) == sizeof(std::uint32_t));
  groups.resize(32);
  for (int attempt = 0; attempt < 2; ++attempt) {
    auto bytes = static_cast<socklen_t>(groups.size() * sizeof(gid_t));
    const bool done = ::getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &bytes) == 0;
    const int error = done ? 0 : errno;
    if (!done && error != ERANGE) break;
    groups.resize(bytes / sizeof(gid_t));
    if (done) return true;
  }
#endif
  groups.clear();
  return false;
}

}  // namespace

base::Result<Peer> peer_of_descriptor(int socket) {
  ucred credentials{};
  socklen_t bytes = sizeof credentials;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &bytes) != 0) {
    return base::Error{"peer_unknown", "the kernel does not say who the peer is: " + reason(errno)};
  }
  Peer peer{credentials.uid, credentials.gid, credentials.pid, std::to_string(credentials.uid), {}};
  if (!groups_from_kernel(socket, peer.groups)) peer.groups = groups_from_database(peer);
  return peer;
}

}  // namespace mercury::platform::posix
