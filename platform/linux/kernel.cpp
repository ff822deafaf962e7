#include "platform/posix/kernel.h"

#include <unistd.h>

#include <cerrno>

namespace mercury::platform::posix {

int sync_file(int file) { return ::fsync(file) == 0 ? 0 : errno; }

std::string user_temporary_directory() { return {}; }

const char* system_runtime_directory() { return "/run"; }

}  // namespace mercury::platform::posix
