// Who is at the other end of a stream, according to the kernel.
//
// What a client says about itself in HELLO is a label. What it may see and do hangs on this: the credentials the
// kernel recorded when the connection was made (SO_PEERCRED and SO_PEERGROUPS, on macOS LOCAL_PEERCRED; on Windows the
// pipe client's token). They stay those of the process that connected even if it has since died or changed its user.
//
//   Result<Peer> peer = peer_of(stream);
//   if (peer && admins && is_member(*peer, *admins)) …
//
// `user` is the identity to compare and to key by, a decimal uid here and a SID on Windows; `uid`, `gid` and
// `groups` are 0 and empty on Windows. From another pid namespace `pid` is 0; from inside a user namespace that does
// not map the peer, `uid` is 65534.
//
// Thread rules: any thread. Cost: peer_of() is two system calls; group_id() and user_name() ask the user database,
// which may be a network service: use them for commands and errors, never per frame.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "platform/stream.h"

namespace mercury::platform {

struct Peer {
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::int64_t pid = 0;
  std::string user;
  std::vector<std::uint32_t> groups;  // supplementary groups at the time of the connection
};

// Fails with `peer_unknown` if the kernel does not say; then the connection must be refused.
base::Result<Peer> peer_of(Stream& stream);

// The number of a group of this name; asks the user database, which may be a server far away.
std::optional<std::uint32_t> group_id(const std::string& group);

// True if the group is the peer's primary or one of its supplementary groups.
bool is_member(const Peer& peer, std::uint32_t group);

// The identity of this process, comparable with Peer::user (the effective user).
std::string user_id();

// "alice" for "1000"; the argument itself where the user database does not know it.
std::string user_name(const std::string& user);

// "1000" for "alice"; the argument itself where the user database does not know it.
std::string user_of_name(const std::string& name);

}  // namespace mercury::platform
