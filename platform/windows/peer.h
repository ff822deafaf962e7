// The daemon at the other end of a client's pipe.
#pragma once

#include "platform/peer.h"
#include "platform/windows/win32.h"

namespace mercury::platform::windows {

// Its process, and the owner of the pipe as `user`: a user may not look into a service's process, so its token is no
// answer.
base::Result<Peer> server_of(HANDLE pipe);

}  // namespace mercury::platform::windows
