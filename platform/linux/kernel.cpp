#include "platform/posix/kernel.h"

#include <unistd.h>

#include <cerrno>

namespace mercury::platform::posix {

int sync_file(int file) { return ::fsync(file) == 0 ? 0 : errno; }

std::string user_temporary_directory() { return {}; }

const char* system_socket() { return "/run/mercury/mercuryd.sock"; }

const char* system_state_directory() { return "/var/lib/mercury"; }

}  // namespace mercury::platform::posix
