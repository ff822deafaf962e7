// MoveFileEx replaces a file in one step on NTFS; with MOVEFILE_WRITE_THROUGH it returns when that is on the disk, so
// there is no directory to sync. A file that somebody has open without sharing (a virus scanner) can not be replaced
// for a moment: it is tried again.
#include "platform/durable_file.h"

#include <algorithm>

#include "platform/windows/win32.h"

namespace mercury::platform {
namespace {

constexpr int kReplaceTries = 10;
constexpr DWORD kReplacePauseMs = 20;

// 0 or the error of what failed.
DWORD fill(HANDLE file, std::string_view bytes) {
  while (!bytes.empty()) {
    DWORD count = 0;
    const auto most = static_cast<DWORD>(std::min<std::size_t>(bytes.size(), 1U << 20U));
    if (::WriteFile(file, bytes.data(), most, &count, nullptr) == 0) return ::GetLastError();
    bytes.remove_prefix(count);
  }
  return ::FlushFileBuffers(file) != 0 ? ERROR_SUCCESS : ::GetLastError();
}

DWORD replace(const std::wstring& from, const std::wstring& to) {
  for (int attempt = 1;; ++attempt) {
    if (::MoveFileExW(from.c_str(), to.c_str(), MOVEFILE_REPLACE_EXISTING | MOVEFILE_WRITE_THROUGH) != 0) return 0;
    const DWORD error = ::GetLastError();
    if ((error != ERROR_ACCESS_DENIED && error != ERROR_SHARING_VIOLATION) || attempt == kReplaceTries) return error;
    ::Sleep(kReplacePauseMs);
  }
}

}  // namespace

base::Status write_atomically(const std::string& path, std::string_view bytes, std::uint32_t) {
  const std::string temporary = path + ".tmp";
  const std::wstring temporary_name = windows::wide(temporary);
  {
    const windows::Handle file(::CreateFileW(temporary_name.c_str(), GENERIC_WRITE, 0, nullptr, CREATE_ALWAYS,
                                             FILE_ATTRIBUTE_NORMAL, nullptr));
    if (!file) return windows::error_about("cannot make", temporary, ::GetLastError());
    if (const DWORD error = fill(file.get(), bytes); error != ERROR_SUCCESS) {
      const base::Error failed = windows::error_about("cannot write", temporary, error);
      ::DeleteFileW(temporary_name.c_str());  // refused while it is open; the next write takes its place
      return failed;
    }
  }
  if (const DWORD error = replace(temporary_name, windows::wide(path)); error != ERROR_SUCCESS) {
    ::DeleteFileW(temporary_name.c_str());
    return windows::error_about("cannot replace", path, error);
  }
  return base::Done{};
}

base::Result<std::string> read_all(const std::string& path, std::size_t bytes_max) {
  const windows::Handle file(::CreateFileW(windows::wide(path).c_str(), GENERIC_READ,
                                           FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, nullptr,
                                           OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, nullptr));
  if (!file) {
    const DWORD error = ::GetLastError();
    const DWORD attributes = ::GetFileAttributesW(windows::wide(path).c_str());
    if (attributes != INVALID_FILE_ATTRIBUTES && (attributes & FILE_ATTRIBUTE_DIRECTORY) != 0) {
      return base::Error{"not_a_file", path + " is no regular file"};
    }
    return windows::error_about("cannot open", path, error);
  }
  if (::GetFileType(file.get()) != FILE_TYPE_DISK) return base::Error{"not_a_file", path + " is no regular file"};
  std::string bytes;
  // One byte more than allowed tells "exactly the most" from "too much", even while somebody appends.
  while (bytes.size() <= bytes_max) {
    const std::size_t have = bytes.size();
    const std::size_t want = std::min<std::size_t>(bytes_max + 1 - have, 65536);
    bytes.resize(have + want);
    DWORD count = 0;
    const BOOL done = ::ReadFile(file.get(), bytes.data() + have, static_cast<DWORD>(want), &count, nullptr);
    if (done == 0) return windows::error_about("cannot read", path, ::GetLastError());
    bytes.resize(have + count);
    if (count == 0) return bytes;
  }
  LARGE_INTEGER size{};
  ::GetFileSizeEx(file.get(), &size);
  return base::Error{"file_too_large", path + " has " + std::to_string(size.QuadPart) + " bytes, at most " +
                                           std::to_string(bytes_max) + " are read"};
}

}  // namespace mercury::platform
