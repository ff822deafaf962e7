// peer_of() for a descriptor that no Stream owns. Only for platform/posix.
#pragma once

#include "platform/peer.h"

namespace mercury::platform::posix {

base::Result<Peer> peer_of_descriptor(int socket);

}  // namespace mercury::platform::posix
