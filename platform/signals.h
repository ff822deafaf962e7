// Which signals mean what, and the one that Asio's signal_set is no answer to.
//
// SIGTERM, SIGINT and SIGHUP (on Windows Ctrl-C, Ctrl-Break and SIGTERM) are caught with boost::asio::signal_set.
// SIGPIPE must never be delivered at all: a client that vanishes while we write is an error code for that connection,
// not the end of the daemon.
//
// Thread rules: once, from main(), before any thread starts. Ignored signals stay ignored across exec.
#pragma once

#include <optional>
#include <span>

namespace mercury::platform {

// What asks the daemon to end, and what asks it to read its settings again (none on Windows), for a signal_set.
std::span<const int> stop_signals();
std::optional<int> reload_signal();

void ignore_broken_pipe();

}  // namespace mercury::platform
