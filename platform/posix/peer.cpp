// What the user database says. Who a peer is, the kernel says: platform/linux/peer.cpp and platform/macos/peer.cpp.
#include "platform/peer.h"

#include <grp.h>
#include <pwd.h>
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
constexpr std::size_t kGroupsMax = 65536;

// macOS declares getgrouplist() with int where all others say gid_t, and does not say how many there would have been.
template <typename Id>
std::vector<std::uint32_t> list_groups(int (*list)(const char*, Id, Id*, int*), const std::string& name,
                                       gid_t primary) {
  for (std::size_t room = 64; room <= kGroupsMax; room *= 4) {
    std::vector<Id> groups(room);
    int count = static_cast<int>(room);
    if (list(name.c_str(), static_cast<Id>(primary), groups.data(), &count) >= 0) {
      return {groups.begin(), groups.begin() + count};
    }
  }
  return {};
}

}  // namespace

std::vector<std::uint32_t> posix::groups_from_database(const Peer& peer) {
  return list_groups(&::getgrouplist, user_name(peer.user), peer.gid);
}

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
