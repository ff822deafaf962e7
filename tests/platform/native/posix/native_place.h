// Where a test may put something: see ../../place.h. CMake chooses the folder that this comes from.
#pragma once

#include <cstdlib>
#include <string>

namespace mercury::platform::testing {

// Short, since a socket's path is; mode 0700, as mkdtemp makes it.
inline std::string make_temporary_directory() {
  std::string name = "/tmp/mercury-test-XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) std::abort();
  return name;
}

inline std::string address_in(const std::string& directory) { return directory + "/d.sock"; }

}  // namespace mercury::platform::testing
