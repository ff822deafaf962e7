// Where a test may put something: see ../../place.h. CMake chooses the folder that this comes from.
#pragma once

#include <windows.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace mercury::platform::testing {

inline std::string make_temporary_directory() {
  static int count = 0;
  const std::string name = "mercury-test-" + std::to_string(::GetCurrentProcessId()) + "-" + std::to_string(++count);
  const std::filesystem::path path = std::filesystem::temp_directory_path() / name;
  if (!std::filesystem::create_directory(path)) std::abort();
  return path.string();
}

// A pipe is in no directory: its name is that of one.
inline std::string address_in(const std::string& directory) {
  return "\\\\.\\pipe\\" + std::filesystem::path(directory).filename().string();
}

}  // namespace mercury::platform::testing
