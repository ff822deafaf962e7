// Who may do what with our pipe, in one place: the security descriptor, entry by entry.
#pragma once

#include <string>

#include "platform/listener.h"

namespace mercury::platform::windows {

// The rights of a client: read, write and look, but not FILE_CREATE_PIPE_INSTANCE (0x4), with which it could make an
// instance of its own and pose as the daemon to others. Generic write would include that.
inline constexpr unsigned kClientRights = 0x0012019B;

// The descriptor as SDDL. `user`: the SID of this process's user, of a service its own; it also becomes the owner, so
// that clients can tell whose pipe it is even if the process is elevated (it would be Administrators then).
//
//   O:<user>               the owner that clients check
//   D:P                    protected: nothing is inherited
//   (D;;FA;;;NU)           nobody over the network
//   (A;;FA;;;SY)           the system,
//   (A;;FA;;;BA)           administrators, and
//   (A;;FA;;;<user>)       this user: everything
//   (A;;0x12019b;;;AU)     the system's pipe only: whoever has logged on may be a client
std::string pipe_sddl(ListenOptions::Kind kind, const std::string& user);

}  // namespace mercury::platform::windows
