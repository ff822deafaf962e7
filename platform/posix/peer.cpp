// Linux: SO_PEERCRED says who called connect() (or, seen from a client, listen()); SO_PEERGROUPS, since Linux 4.13,
// which supplementary groups that process had. The option answers ERANGE with the length it needs.
#include "platform/peer.h"

#include <grp.h>
#include <pwd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>

#include "platform/posix/credentials.h"
#include "platform/posix/descriptor.h"

namespace mercury::platform {
namespace {

constexpr std::size_t kDatabaseBytes = 16384;

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

// What the user database says now, which may differ from what the process was given when it logged in.
std::vector<std::uint32_t> groups_from_database(const Peer& peer) {
  const std::string name = user_name(peer.user);
  int count = 64;
  std::vector<gid_t> groups(static_cast<std::size_t>(count));
  if (::getgrouplist(name.c_str(), peer.gid, groups.data(), &count) < 0) {
    groups.resize(static_cast<std::size_t>(count));
    if (::getgrouplist(name.c_str(), peer.gid, groups.data(), &count) < 0) return {};
  }
  groups.resize(static_cast<std::size_t>(count));
  return {groups.begin(), groups.end()};
}

}  // namespace

namespace posix {

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

}  // namespace posix

base::Result<Peer> peer_of(Stream& stream) { return posix::peer_of_descriptor(stream.native_handle()); }

std::optional<std::uint32_t> group_id(const std::string& group) {
  std::vector<char> buffer(kDatabaseBytes);
  ::group entry{};
  ::group* found = nullptr;
  // ERANGE: a group with more members than fit; the buffer grows to a bound, since a group is no reason to fail.
  while (::getgrnam_r(group.c_str(), &entry, buffer.data(), buffer.size(), &found) == ERANGE) {
    if (buffer.size() >= kDatabaseBytes * 256) return std::nullopt;
    buffer.resize(buffer.size() * 4);
  }
  if (found == nullptr) return std::nullopt;
  return found->gr_gid;
}

bool is_member(const Peer& peer, std::uint32_t group) {
  return peer.gid == group || std::ranges::find(peer.groups, group) != peer.groups.end();
}

std::string user_id() { return std::to_string(::geteuid()); }

std::string user_name(const std::string& user) {
  uid_t uid = 0;
  const auto [end, error] = std::from_chars(user.data(), user.data() + user.size(), uid);
  if (error != std::errc() || end != user.data() + user.size()) return user;
  std::array<char, kDatabaseBytes> buffer{};
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr) return user;
  return found->pw_name;
}

std::string user_of_name(const std::string& name) {
  std::array<char, kDatabaseBytes> buffer{};
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr) return name;
  return std::to_string(found->pw_uid);
}

}  // namespace mercury::platform
