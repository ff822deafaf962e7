// A user's profile and ProgramData have the access lists that they should have, and a directory inherits them; so there
// is no mode to check here, only that it is a directory and no link that somebody has put there.
#include "platform/directory.h"

#include "platform/windows/win32.h"

namespace mercury::platform {
namespace {

base::Status make_one(const std::string& path) {
  if (::CreateDirectoryW(windows::wide(path).c_str(), nullptr) != 0) return base::Done{};
  const DWORD error = ::GetLastError();
  if (error == ERROR_ALREADY_EXISTS) return base::Done{};
  return windows::error_about("cannot make the directory", path, error);
}

base::Status check(const std::string& path) {
  const DWORD attributes = ::GetFileAttributesW(windows::wide(path).c_str());
  if (attributes == INVALID_FILE_ATTRIBUTES) return windows::error_about("cannot look at", path, ::GetLastError());
  if ((attributes & FILE_ATTRIBUTE_DIRECTORY) == 0) {
    return base::Error{"not_a_directory", "the directory " + path + " is no directory; remove it or choose another"};
  }
  if ((attributes & FILE_ATTRIBUTE_REPARSE_POINT) != 0) {
    return base::Error{"symbolic_link", "the directory " + path + " is a link; name the directory itself"};
  }
  return base::Done{};
}

bool exists(const std::string& path) {
  return ::GetFileAttributesW(windows::wide(path).c_str()) != INVALID_FILE_ATTRIBUTES;
}

}  // namespace

base::Status prepare_directory(const std::string& path, DirectoryRule) {
  if (!exists(path)) {
    if (base::Status made = make_one(path); !made) return made;
  }
  return check(path);
}

base::Status make_directories(const std::string& path) {
  // A drive ("C:\") is not made.
  for (std::size_t slash = path.find_first_of("\\/", 3);; slash = path.find_first_of("\\/", slash + 1)) {
    const std::string part = path.substr(0, slash);
    if (!exists(part)) {
      if (base::Status made = make_one(part); !made) return made;
    }
    if (slash == std::string::npos) break;
  }
  return check(path);
}

}  // namespace mercury::platform
