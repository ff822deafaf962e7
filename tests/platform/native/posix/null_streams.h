// A process whose three streams are no terminal.
#pragma once

#include <functional>
#include <string>

#include "world.h"

namespace mercury::platform::testing {

// What `body` returns there.
inline std::string with_null_streams(const std::function<std::string()>& body) {
  return in_child([&body] {
    const int null = ::open("/dev/null", O_RDWR);
    for (const int number : {0, 1, 2}) ::dup2(null, number);
    return body();
  });
}

}  // namespace mercury::platform::testing
