#include "platform/directory.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "platform/posix/descriptor.h"

namespace mercury::platform {
namespace {

using posix::error_about;
using posix::owner_and_mode;

base::Error refuse(const char* code, const std::string& path, const struct stat& facts, const std::string& why) {
  return {code, "the directory " + path + " (" + owner_and_mode(facts) + ") " + why};
}

base::Status make_one(const std::string& path, mode_t mode) {
  if (::mkdir(path.c_str(), mode) == 0) {
    // mkdir() subtracts the umask; what it made is ours and empty.
    if (::chmod(path.c_str(), mode) != 0) return error_about("cannot set the mode of", path, errno);
    return base::Done{};
  }
  if (errno == EEXIST) return base::Done{};
  return error_about("cannot make the directory", path, errno);
}

base::Status check_private(const std::string& path, const struct stat& facts) {
  if (S_ISLNK(facts.st_mode)) {
    return refuse("symbolic_link", path, facts, "is a symbolic link, which another user may have set; remove it");
  }
  if (!S_ISDIR(facts.st_mode)) return refuse("not_a_directory", path, facts, "is no directory; remove it");
  if (facts.st_uid != ::geteuid()) {
    return refuse("foreign_owner", path, facts,
                  "does not belong to this process, which runs as " + posix::owner(::geteuid()) +
                      "; remove it, or set XDG_RUNTIME_DIR or MERCURY_ADDRESS to a place of your own");
  }
  if ((facts.st_mode & 07777U) != 0700) {
    return refuse("unsafe_mode", path, facts, "must have mode 0700; run: chmod 0700 '" + path + "'");
  }
  return base::Done{};
}

base::Status check_given(const std::string& path, struct stat facts) {
  if (S_ISLNK(facts.st_mode)) {
    if (facts.st_uid != 0 && facts.st_uid != ::geteuid()) {
      return refuse("symbolic_link", path, facts, "is another user's symbolic link; name the directory itself");
    }
    if (::stat(path.c_str(), &facts) != 0) return error_about("cannot look at", path, errno);
  }
  if (!S_ISDIR(facts.st_mode)) return refuse("not_a_directory", path, facts, "is no directory; choose another");
  if (facts.st_uid != 0 && facts.st_uid != ::geteuid()) {
    return refuse("foreign_owner", path, facts,
                  "belongs to neither root nor this process, which runs as " + posix::owner(::geteuid()) +
                      "; choose another or run as its owner");
  }
  const bool others_write = (facts.st_mode & (S_IWGRP | S_IWOTH)) != 0;
  if (others_write && (facts.st_mode & S_ISVTX) == 0) {
    return refuse("unsafe_mode", path, facts, "lets others replace what is in it; run: chmod go-w '" + path + "'");
  }
  return base::Done{};
}

base::Status check(const std::string& path, DirectoryRule rule) {
  struct stat facts {};
  if (::lstat(path.c_str(), &facts) != 0) return error_about("cannot look at", path, errno);
  return rule == DirectoryRule::Private ? check_private(path, facts) : check_given(path, facts);
}

}  // namespace

base::Status prepare_directory(const std::string& path, DirectoryRule rule) {
  struct stat facts {};
  if (::lstat(path.c_str(), &facts) != 0 && errno == ENOENT) {
    if (base::Status made = make_one(path, rule == DirectoryRule::Private ? 0700 : 0755); !made) return made;
  }
  return check(path, rule);
}

base::Status make_directories(const std::string& path) {
  for (std::size_t slash = path.find('/', 1);; slash = path.find('/', slash + 1)) {
    const std::string part = path.substr(0, slash);
    struct stat facts {};
    if (::stat(part.c_str(), &facts) != 0) {
      if (base::Status made = make_one(part, 0700); !made) return made;
    }
    if (slash == std::string::npos) break;
  }
  return check(path, DirectoryRule::Given);
}

}  // namespace mercury::platform
