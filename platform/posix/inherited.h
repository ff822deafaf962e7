// The sockets that systemd bound for this process before it started it (sd_listen_fds(3)). Only for platform/posix.
#pragma once

#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <cstring>

namespace mercury::platform::posix {

inline constexpr int kFirstInherited = 3;

// How many there are, numbered from kFirstInherited. A child of the process they were meant for inherits the same
// variables, but LISTEN_PID then names its parent.
inline int inherited_sockets() {
  const auto number = [](const char* name) {
    const char* text = std::getenv(name);
    int value = 0;
    if (text != nullptr) std::from_chars(text, text + std::strlen(text), value);
    return value;
  };
  return number("LISTEN_PID") == ::getpid() ? number("LISTEN_FDS") : 0;
}

}  // namespace mercury::platform::posix
