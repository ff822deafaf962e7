#include "platform/paths.h"

#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdlib>

#include "platform/posix/kernel.h"

namespace mercury::platform {
namespace {

constexpr std::string_view kSocketName = "mercuryd-1.sock";
constexpr std::string_view kScheme = "unix://";

std::string without_trailing_slashes(std::string path) {
  while (!path.empty() && path.back() == '/') path.pop_back();
  return path;
}

// The variable if it can be used as a directory: not empty, and absolute, since the daemon's directory is `/`.
std::optional<std::string> directory_variable(const Environment& environment, const std::string& name) {
  std::optional<std::string> value = environment.variable(name);
  if (!value || value->empty() || value->front() != '/') return std::nullopt;
  return without_trailing_slashes(std::move(*value));
}

std::string own_directory_in(const std::string& temporary, const Environment& environment) {
  return without_trailing_slashes(temporary) + "/mercury-" + environment.user;
}

std::string private_directory(const Environment& environment) {
  if (auto runtime = directory_variable(environment, "XDG_RUNTIME_DIR")) return *runtime + "/mercury";
  if (environment.run_user_is_ours) return "/run/user/" + environment.user + "/mercury";
  if (!environment.user_temporary_directory.empty()) {
    return own_directory_in(environment.user_temporary_directory, environment);
  }
  return own_directory_in(directory_variable(environment, "TMPDIR").value_or("/tmp"), environment);
}

std::string home_directory(const Environment& environment) {
  return directory_variable(environment, "HOME").value_or(without_trailing_slashes(environment.home));
}

std::string home_in_user_database(uid_t uid) {
  std::array<char, 4096> buffer{};
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr) return {};
  return found->pw_dir;
}

}  // namespace

Environment this_environment() {
  const uid_t uid = ::geteuid();
  Environment environment;
  environment.variable = [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr) return std::nullopt;
    return std::string(value);
  };
  environment.user = std::to_string(uid);
  struct stat facts {};
  environment.run_user_is_ours =
      ::lstat(("/run/user/" + environment.user).c_str(), &facts) == 0 && S_ISDIR(facts.st_mode) && facts.st_uid == uid;
  environment.user_temporary_directory = posix::user_temporary_directory();
  environment.home = home_in_user_database(uid);
  return environment;
}

std::string Address::text() const { return std::string(kScheme) + path; }

Address private_address(const Environment& environment) {
  std::string path = private_directory(environment) + "/" + std::string(kSocketName);
  if (path.size() <= kAddressBytesMax) return {std::move(path)};
  return {own_directory_in("/tmp", environment) + "/m-" + short_hash(path) + ".sock"};
}

Address system_address() { return {posix::system_socket()}; }

std::string_view address_rule() { return "unix:///path/of/the/socket, of at most 103 bytes"; }

base::Result<Address> parse_address(std::string_view text) {
  const auto bad = [text](const std::string& why) {
    return base::Error{"bad_address", "the address '" + std::string(text) + "' " + why};
  };
  std::string_view path = text;
  if (path.starts_with(kScheme)) {
    path.remove_prefix(kScheme.size());
  } else if (text.find("://") != std::string_view::npos && !text.starts_with('/')) {
    return bad("has a scheme that this system does not know; write unix:///path/of/the/socket");
  }
  if (!path.starts_with('/')) return bad("is no absolute path; write unix:///path/of/the/socket");
  if (path.ends_with('/')) return bad("names a directory; add the name of the socket");
  if (path.find('\0') != std::string_view::npos) return bad("has a zero byte in it; leave it out");
  if (path.size() > kAddressBytesMax) {
    return bad("has a path of " + std::to_string(path.size()) + " bytes, the system allows " +
               std::to_string(kAddressBytesMax) + "; choose a shorter one, for example below /tmp");
  }
  return Address{std::string(path)};
}

base::Result<std::string> state_directory(const Environment& environment, Scope scope) {
  if (scope == Scope::System) {
    const std::string given = environment.variable("STATE_DIRECTORY").value_or("");
    const std::string first = without_trailing_slashes(given.substr(0, given.find(':')));
    return first.starts_with('/') ? first : posix::system_state_directory();
  }
  if (auto state = directory_variable(environment, "XDG_STATE_HOME")) return *state + "/mercury";
  const std::string home = home_directory(environment);
  if (home.empty()) {
    return base::Error{
        "no_home", "user " + environment.user + " has no home directory to keep state in; set HOME or XDG_STATE_HOME"};
  }
  return home + "/.local/state/mercury";
}

bool is_absolute(std::string_view path) { return path.starts_with('/'); }

std::string file_in(const std::string& directory, std::string_view name) {
  return (directory.ends_with('/') ? directory : directory + "/") + std::string(name);
}

std::vector<std::string> config_files(const Environment& environment) {
  std::vector<std::string> files{"/etc/mercury/mercuryd.json"};
  if (auto config = directory_variable(environment, "XDG_CONFIG_HOME")) {
    files.push_back(*config + "/mercury/mercuryd.json");
  } else if (const std::string home = home_directory(environment); !home.empty()) {
    files.push_back(home + "/.config/mercury/mercuryd.json");
  }
  return files;
}

}  // namespace mercury::platform
