// What a test needs of the system that it runs on: see ../../place.h. CMake chooses the folder that this comes from.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

#include "platform/windows/win32.h"

namespace mercury::platform::testing {

inline constexpr const char* kHome = "C:\\Users\\alice";

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

inline void set_variable(const char* name, const char* value) {
  if (::SetEnvironmentVariableW(windows::wide(name).c_str(), windows::wide(value).c_str()) == 0) std::abort();
}
inline void unset_variable(const char* name) { ::SetEnvironmentVariableW(windows::wide(name).c_str(), nullptr); }

}  // namespace mercury::platform::testing
