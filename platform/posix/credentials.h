// peer_of() for a descriptor that no Stream owns. Only for platform/posix and its neighbours linux and macos.
#pragma once

#include <cstdint>
#include <vector>

#include "platform/peer.h"

namespace mercury::platform::posix {

// What the kernel says; platform/linux and platform/macos each know how to ask.
base::Result<Peer> peer_of_descriptor(int socket);

// The supplementary groups that the user database says now, which may differ from what the process was given when it
// logged in; for a kernel that does not say. Empty if there are none.
std::vector<std::uint32_t> groups_from_database(const Peer& peer);

}  // namespace mercury::platform::posix
