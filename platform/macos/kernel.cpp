#include "platform/posix/kernel.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace mercury::platform::posix {

// fsync() only hands the bytes to the drive, which may write them after a later rename. F_FULLFSYNC makes it write; a
// network volume does not know the word.
int sync_file(int file) {
  if (::fcntl(file, F_FULLFSYNC) == 0) return 0;
  return ::fsync(file) == 0 ? 0 : errno;
}

std::string user_temporary_directory() {
  std::array<char, 1024> buffer{};
  const std::size_t length = ::confstr(_CS_DARWIN_USER_TEMP_DIR, buffer.data(), buffer.size());
  if (length <= 1 || length > buffer.size()) return {};
  return std::string(buffer.data(), length - 1);
}

// There is no /run and nobody can make one; /var/run is emptied at each start, and launchd makes no directory in it.
// What is below /var/db stays, and all above it is root's.
const char* system_socket() { return "/var/db/mercury/mercuryd.sock"; }

const char* system_state_directory() { return "/var/db/mercury/state"; }

}  // namespace mercury::platform::posix
