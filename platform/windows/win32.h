// What every file of this folder needs of Win32: text, handles, errors and security identifiers.
//
// Text is UTF-8 in all of Mercury and UTF-16 in the system's functions; their narrow siblings speak whatever code page
// the user has and are not used.
#pragma once

#include <windows.h>
// These two need the one above.
#include <aclapi.h>
#include <sddl.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace mercury::platform::windows {

std::wstring wide(std::string_view text);
std::string narrow(std::wstring_view text);

// A kernel object's handle, closed in the destructor. Both null and INVALID_HANDLE_VALUE are none.
class Handle {
 public:
  explicit Handle(HANDLE handle = nullptr) : handle_(handle == INVALID_HANDLE_VALUE ? nullptr : handle) {}
  Handle(Handle&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Handle& operator=(Handle&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() {
    if (handle_ != nullptr) ::CloseHandle(handle_);
  }
  [[nodiscard]] HANDLE get() const { return handle_; }
  HANDLE release() { return std::exchange(handle_, nullptr); }
  explicit operator bool() const { return handle_ != nullptr; }

 private:
  HANDLE handle_;
};

// What the system allocates with LocalAlloc.
struct LocalFreer {
  void operator()(void* memory) const { ::LocalFree(memory); }
};
using LocalMemory = std::unique_ptr<void, LocalFreer>;

// The system's words for an error, without the line break they end with.
std::string reason(DWORD error);
// "<doing> <path>: <reason>" under the stable code that fits the error.
base::Error error_about(std::string_view doing, std::string_view path, DWORD error);

// ---- security identifiers, as text ("S-1-5-21-…") ----
inline constexpr std::string_view kSystemSid = "S-1-5-18";
inline constexpr std::string_view kAdministratorsSid = "S-1-5-32-544";

std::string sid_text(PSID sid);
// The user of a token; empty if the system does not say.
std::string user_of_token(HANDLE token);
// The user that this process runs as.
const std::string& own_sid();
// Who owns an open kernel object (a pipe's end); empty if the system does not say.
std::string owner_of(HANDLE object);
// Whether this process has a group of this SID that may own what it makes. The service manager gives a service that it
// starts its own SID in this way.
bool may_own_as(const std::string& sid);
// "HOST\\alice" for a SID; the argument itself where nobody knows it.
std::string account_name(const std::string& sid);

// An environment variable; none if it is not set.
std::optional<std::string> environment_variable(const std::string& name);

}  // namespace mercury::platform::windows
