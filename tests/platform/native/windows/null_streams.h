// A process whose three streams are no terminal.
#pragma once

#include <array>
#include <functional>
#include <string>

#include "platform/windows/win32.h"

namespace mercury::platform::testing {

// What `body` returns there.
inline std::string with_null_streams(const std::function<std::string()>& body) {
  const windows::Handle null(
      ::CreateFileW(L"NUL", GENERIC_READ | GENERIC_WRITE, 0, nullptr, OPEN_EXISTING, 0, nullptr));
  constexpr std::array<DWORD, 3> kStreams{STD_INPUT_HANDLE, STD_OUTPUT_HANDLE, STD_ERROR_HANDLE};
  std::array<HANDLE, 3> before{};
  for (std::size_t i = 0; i < kStreams.size(); ++i) {
    before[i] = ::GetStdHandle(kStreams[i]);
    ::SetStdHandle(kStreams[i], null.get());
  }
  std::string said = body();
  for (std::size_t i = 0; i < kStreams.size(); ++i) ::SetStdHandle(kStreams[i], before[i]);
  return said;
}

}  // namespace mercury::platform::testing
