// Making and connecting Unix sockets, for the listener's look at a path and for the client. Only for
// platform/posix and its neighbours linux and macos.
#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include <cstddef>
#include <span>
#include <string>

#include "base/result.h"
#include "platform/posix/descriptor.h"

namespace mercury::platform::posix {

// Non-blocking, closed on exec.
base::Result<Descriptor> make_socket();

// `path` as the kernel wants it; `bad_address` if it is empty or does not fit.
base::Result<sockaddr_un> socket_address(const std::string& path);

// One connect(): 0, or the errno. Never waits.
int connect_once(int socket, const sockaddr_un& address);

// One send() on a socket of make_socket(), without SIGPIPE: the count, or -1 and errno.
ssize_t send_some(int socket, std::span<const std::byte> bytes);

}  // namespace mercury::platform::posix
