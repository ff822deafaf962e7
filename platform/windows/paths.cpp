// An address is the name of a pipe: \\.\pipe\NAME. Directories are those that Windows has for such files: LOCALAPPDATA
// and APPDATA for a user's, ProgramData for the host's.
#include "platform/paths.h"

#include <algorithm>
#include <cstdint>

#include "platform/windows/win32.h"

namespace mercury::platform {
namespace {

constexpr std::string_view kPrefix = "\\\\.\\pipe\\";
constexpr std::size_t kNameMax = 256;  // of the whole name, says CreateNamedPipe

std::optional<std::string> directory_variable(const Environment& environment, const std::string& name) {
  std::optional<std::string> value = environment.variable(name);
  if (!value || !is_absolute(*value)) return std::nullopt;
  while (value->size() > 3 && (value->back() == '\\' || value->back() == '/')) value->pop_back();
  return value;
}

std::string program_data(const Environment& environment) {
  return directory_variable(environment, "ProgramData").value_or("C:\\ProgramData");
}

}  // namespace

Environment this_environment() {
  Environment environment;
  environment.variable = windows::environment_variable;
  environment.user = windows::own_sid();
  environment.home = windows::environment_variable("USERPROFILE").value_or("");
  return environment;
}

std::string Address::text() const { return path; }

Address private_address(const Environment& environment) {
  return {std::string(kPrefix) + "mercuryd-1-" + environment.user};
}

Address system_address() { return {std::string(kPrefix) + "mercuryd"}; }

std::string_view address_rule() { return R"(\\.\pipe\NAME, of at most 256 bytes)"; }

base::Result<Address> parse_address(std::string_view text) {
  const auto bad = [text](const std::string& why) {
    return base::Error{"bad_address", "the address '" + std::string(text) + "' " + why};
  };
  if (!text.starts_with(kPrefix)) return bad("is no pipe; write \\\\.\\pipe\\NAME");
  const std::string_view name = text.substr(kPrefix.size());
  if (name.empty()) return bad("has no name; write \\\\.\\pipe\\NAME");
  if (name.find('\\') != std::string_view::npos) return bad("has a backslash in its name; leave it out");
  if (name.find('\0') != std::string_view::npos) return bad("has a zero byte in it; leave it out");
  if (text.size() > kNameMax) {
    return bad("has " + std::to_string(text.size()) + " characters, the system allows " + std::to_string(kNameMax) +
               "; choose a shorter name");
  }
  return Address{std::string(text)};
}

base::Result<std::string> state_directory(const Environment& environment, Scope scope) {
  if (scope == Scope::System) return program_data(environment) + "\\mercury";
  if (auto local = directory_variable(environment, "LOCALAPPDATA")) return *local + "\\mercury";
  if (is_absolute(environment.home)) return environment.home + "\\AppData\\Local\\mercury";
  return base::Error{"no_home", "user " + environment.user + " has no directory to keep state in; set LOCALAPPDATA"};
}

bool is_absolute(std::string_view path) {
  const bool has_drive = path.size() >= 3 && path[1] == ':' && (path[2] == '\\' || path[2] == '/');
  return has_drive || path.starts_with("\\\\");
}

std::string file_in(const std::string& directory, std::string_view name) {
  const bool ends = directory.ends_with('\\') || directory.ends_with('/');
  return (ends ? directory : directory + "\\") + std::string(name);
}

std::vector<std::string> config_files(const Environment& environment) {
  std::vector<std::string> files{program_data(environment) + "\\mercury\\mercuryd.json"};
  if (auto roaming = directory_variable(environment, "APPDATA")) files.push_back(*roaming + "\\mercury\\mercuryd.json");
  return files;
}

}  // namespace mercury::platform
