// What a test needs of the system that it runs on: see ../../place.h. CMake chooses the folder that this comes from.
#pragma once

#include <cstdlib>
#include <string>

namespace mercury::platform::testing {

inline constexpr const char* kHome = "/home/alice";

// Short, since a socket's path is; mode 0700, as mkdtemp makes it.
inline std::string make_temporary_directory() {
  std::string name = "/tmp/mercury-test-XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) std::abort();
  return name;
}

inline std::string address_in(const std::string& directory) { return directory + "/d.sock"; }

inline void set_variable(const char* name, const char* value) {
  if (::setenv(name, value, 1) != 0) std::abort();
}
inline void unset_variable(const char* name) { ::unsetenv(name); }

}  // namespace mercury::platform::testing
