// The answers of files of platform/posix for which Linux and macOS need other words. Defined in platform/linux
// and in platform/macos; only for platform/posix.
#pragma once

#include <string>

namespace mercury::platform::posix {

// Waits until the file's bytes are on the disk itself: 0, or the errno.
int sync_file(int file);

// Where the system keeps a temporary directory for this user alone; empty if it keeps none.
std::string user_temporary_directory();

// The socket of the host's daemon, and where that keeps its state when no service manager says so.
const char* system_socket();
const char* system_state_directory();

}  // namespace mercury::platform::posix
