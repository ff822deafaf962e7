#include "platform/signals.h"

#include <csignal>

namespace mercury::platform {

void ignore_broken_pipe() { std::signal(SIGPIPE, SIG_IGN); }

}  // namespace mercury::platform
