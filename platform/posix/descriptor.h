// A file descriptor that closes itself, and the words our error sentences share. Only for platform/posix.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <string>
#include <system_error>
#include <utility>

#include "base/result.h"
#include "platform/peer.h"

namespace mercury::platform::posix {

class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(other.release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }

  explicit operator bool() const { return number_ >= 0; }
  [[nodiscard]] int number() const { return number_; }
  int release() { return std::exchange(number_, -1); }

 private:
  int number_;
};

inline std::string reason(int error) { return std::generic_category().message(error); }

inline std::string octal(mode_t mode) {
  char text[8];
  std::snprintf(text, sizeof text, "%04o", static_cast<unsigned>(mode & 07777U));
  return text;
}

// "alice (uid 1000)"; the user database is asked, so only for sentences.
inline std::string owner(uid_t uid) {
  const std::string id = std::to_string(uid);
  const std::string name = user_name(id);
  return name == id ? "uid " + id : name + " (uid " + id + ")";
}

inline std::string owner_and_mode(const struct stat& facts) {
  return "owner " + owner(facts.st_uid) + ", mode " + octal(facts.st_mode);
}

inline std::string directory_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// The error of a system call on `path`, with the code that all of platform/ uses for it. For a refusal the sentence
// also says who owns what is in the way, the file itself or else its directory, and who we are.
inline base::Error error_about(const std::string& doing, const std::string& path, int error) {
  const std::string sentence = doing + " " + path + ": " + reason(error);
  if (error == EACCES || error == EPERM || error == EROFS) {
    struct stat facts {};
    std::string where;
    if (::stat(path.c_str(), &facts) == 0) {
      where = path;
    } else if (::stat(directory_of(path).c_str(), &facts) == 0) {
      where = directory_of(path);
    }
    const std::string found = where.empty() ? "" : "; " + where + " has " + owner_and_mode(facts);
    return {"permission_denied", sentence + found + "; this process runs as " + owner(::geteuid()) +
                                     ": run it as the owner, or change the owner or the mode"};
  }
  if (error == ENOSPC || error == EDQUOT || error == EFBIG) return {"disk_full", sentence + "; make room there"};
  if (error == ENOENT) {
    struct stat facts {};
    const std::string directory = directory_of(path);
    if (::stat(directory.c_str(), &facts) == 0) return {"not_found", sentence};
    return {"missing_directory", sentence + "; make the directory " + directory + " first"};
  }
  return {"io_error", sentence};
}

}  // namespace mercury::platform::posix
