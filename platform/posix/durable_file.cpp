#include "platform/durable_file.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstdio>

#include "platform/posix/descriptor.h"
#include "platform/posix/kernel.h"

namespace mercury::platform {
namespace {

using posix::error_about;

// Writes and syncs; 0 or the errno of what failed.
int fill(int file, std::string_view bytes, mode_t mode) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(file, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  if (::fchmod(file, mode) != 0) return errno;
  return posix::sync_file(file);
}

base::Status sync_directory(const std::string& path) {
  const posix::Descriptor directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  // EINVAL: a file system whose directories cannot be synced; it has its own way of keeping order.
  if (directory && (::fsync(directory.number()) == 0 || errno == EINVAL)) return base::Done{};
  return base::Error{"sync_failed", "cannot sync the directory " + path + ": " + posix::reason(errno)};
}

}  // namespace

base::Status write_atomically(const std::string& path, std::string_view bytes, std::uint32_t mode) {
  const std::string temporary = path + ".tmp";
  // One that a crash left behind; O_EXCL then makes sure that the file is new and no link.
  if (::unlink(temporary.c_str()) != 0 && errno != ENOENT) return error_about("cannot remove", temporary, errno);
  {
    const posix::Descriptor file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!file) return error_about("cannot make", temporary, errno);
    if (const int error = fill(file.number(), bytes, mode); error != 0) {
      ::unlink(temporary.c_str());
      return error_about("cannot write", temporary, error);
    }
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) {
    const base::Error error = error_about("cannot replace", path, errno);
    ::unlink(temporary.c_str());
    return error;
  }
  return sync_directory(posix::directory_of(path));
}

base::Result<std::string> read_all(const std::string& path, std::size_t bytes_max) {
  const posix::Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file) return error_about("cannot open", path, errno);
  struct stat facts {};
  if (::fstat(file.number(), &facts) != 0) return error_about("cannot look at", path, errno);
  if (!S_ISREG(facts.st_mode)) return base::Error{"not_a_file", path + " is no regular file"};
  std::string bytes;
  // One byte more than allowed tells "exactly the most" from "too much", even while somebody appends.
  while (bytes.size() <= bytes_max) {
    const std::size_t have = bytes.size();
    const std::size_t want = std::min<std::size_t>(bytes_max + 1 - have, 65536);
    bytes.resize(have + want);
    const ssize_t count = ::read(file.number(), bytes.data() + have, want);
    if (count < 0 && errno != EINTR) return error_about("cannot read", path, errno);
    bytes.resize(have + (count > 0 ? static_cast<std::size_t>(count) : 0));
    if (count == 0) return bytes;
  }
  return base::Error{"file_too_large", path + " has " + std::to_string(facts.st_size) + " bytes, at most " +
                                           std::to_string(bytes_max) + " are read"};
}

}  // namespace mercury::platform
