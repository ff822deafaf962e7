#include "platform/windows/win32.h"

#include <algorithm>
#include <array>
#include <vector>

namespace mercury::platform::windows {
namespace {

const char* code_of(DWORD error) {
  switch (error) {
    case ERROR_ACCESS_DENIED:
    case ERROR_PRIVILEGE_NOT_HELD:
    case ERROR_SHARING_VIOLATION: return "permission_denied";
    case ERROR_PATH_NOT_FOUND: return "missing_directory";
    case ERROR_FILE_NOT_FOUND: return "not_found";
    case ERROR_DISK_FULL:
    case ERROR_HANDLE_DISK_FULL: return "disk_full";
    default: return "io_error";
  }
}

}  // namespace

std::wstring wide(std::string_view text) {
  if (text.empty()) return {};
  const int size = static_cast<int>(text.size());
  std::wstring out(static_cast<std::size_t>(::MultiByteToWideChar(CP_UTF8, 0, text.data(), size, nullptr, 0)), L'\0');
  ::MultiByteToWideChar(CP_UTF8, 0, text.data(), size, out.data(), static_cast<int>(out.size()));
  return out;
}

std::string narrow(std::wstring_view text) {
  if (text.empty()) return {};
  const int size = static_cast<int>(text.size());
  const int bytes = ::WideCharToMultiByte(CP_UTF8, 0, text.data(), size, nullptr, 0, nullptr, nullptr);
  std::string out(static_cast<std::size_t>(bytes), '\0');
  ::WideCharToMultiByte(CP_UTF8, 0, text.data(), size, out.data(), bytes, nullptr, nullptr);
  return out;
}

std::string reason(DWORD error) {
  wchar_t* text = nullptr;
  const DWORD flags = FORMAT_MESSAGE_ALLOCATE_BUFFER | FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS;
  const DWORD size = ::FormatMessageW(flags, nullptr, error, 0, reinterpret_cast<wchar_t*>(&text), 0, nullptr);
  const LocalMemory memory(text);
  std::string out = size > 0 ? narrow({text, size}) : std::string();
  while (!out.empty() && (out.back() == '\n' || out.back() == '\r' || out.back() == '.' || out.back() == ' ')) {
    out.pop_back();
  }
  const std::string number = "error " + std::to_string(error);
  return out.empty() ? number : out + " (" + number + ")";
}

base::Error error_about(std::string_view doing, std::string_view path, DWORD error) {
  return {code_of(error), std::string(doing) + " " + std::string(path) + ": " + reason(error)};
}

std::string sid_text(PSID sid) {
  wchar_t* text = nullptr;
  if (sid == nullptr || ::ConvertSidToStringSidW(sid, &text) == 0) return {};
  const LocalMemory memory(text);
  return narrow(text);
}

std::string user_of_token(HANDLE token) {
  std::array<std::byte, sizeof(TOKEN_USER) + SECURITY_MAX_SID_SIZE> buffer{};
  DWORD size = 0;
  if (::GetTokenInformation(token, TokenUser, buffer.data(), static_cast<DWORD>(buffer.size()), &size) == 0) return {};
  return sid_text(reinterpret_cast<const TOKEN_USER*>(buffer.data())->User.Sid);
}

const std::string& own_sid() {
  static const std::string sid = [] {
    HANDLE token = nullptr;
    if (::OpenProcessToken(::GetCurrentProcess(), TOKEN_QUERY, &token) == 0) return std::string();
    return user_of_token(Handle(token).get());
  }();
  return sid;
}

std::string owner_of(HANDLE object) {
  PSID owner = nullptr;
  PSECURITY_DESCRIPTOR descriptor = nullptr;
  const DWORD error = ::GetSecurityInfo(object, SE_KERNEL_OBJECT, OWNER_SECURITY_INFORMATION, &owner, nullptr, nullptr,
                                        nullptr, &descriptor);
  const LocalMemory memory(descriptor);
  return error == ERROR_SUCCESS ? sid_text(owner) : std::string();
}

bool may_own_as(const std::string& sid) {
  HANDLE opened = nullptr;
  if (::OpenProcessToken(::GetCurrentProcess(), TOKEN_QUERY, &opened) == 0) return false;
  const Handle token(opened);
  DWORD size = 0;
  ::GetTokenInformation(token.get(), TokenGroups, nullptr, 0, &size);
  std::vector<std::byte> buffer(size);
  if (size == 0 || ::GetTokenInformation(token.get(), TokenGroups, buffer.data(), size, &size) == 0) return false;
  const auto* groups = reinterpret_cast<const TOKEN_GROUPS*>(buffer.data());
  return std::any_of(groups->Groups, groups->Groups + groups->GroupCount, [&sid](const SID_AND_ATTRIBUTES& group) {
    return (group.Attributes & SE_GROUP_OWNER) != 0 && sid_text(group.Sid) == sid;
  });
}

std::string account_name(const std::string& sid) {
  PSID binary = nullptr;
  if (sid.empty() || ::ConvertStringSidToSidW(wide(sid).c_str(), &binary) == 0) return sid;
  const LocalMemory memory(binary);
  std::array<wchar_t, 256> name{}, domain{};
  auto name_size = static_cast<DWORD>(name.size()), domain_size = static_cast<DWORD>(domain.size());
  SID_NAME_USE use{};
  if (::LookupAccountSidW(nullptr, binary, name.data(), &name_size, domain.data(), &domain_size, &use) == 0) return sid;
  return domain[0] == L'\0' ? narrow(name.data()) : narrow(domain.data()) + "\\" + narrow(name.data());
}

std::optional<std::string> environment_variable(const std::string& name) {
  std::vector<wchar_t> buffer(256);
  for (;;) {
    ::SetLastError(ERROR_SUCCESS);
    const DWORD size = ::GetEnvironmentVariableW(wide(name).c_str(), buffer.data(), static_cast<DWORD>(buffer.size()));
    if (size == 0) return ::GetLastError() == ERROR_ENVVAR_NOT_FOUND ? std::nullopt : std::optional(std::string());
    if (size < buffer.size()) return narrow({buffer.data(), size});
    buffer.resize(size);
  }
}

}  // namespace mercury::platform::windows
