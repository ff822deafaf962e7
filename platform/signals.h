// The one signal that Asio's signal_set is no answer to.
//
// SIGTERM, SIGINT and SIGHUP are caught with boost::asio::signal_set. SIGPIPE must never be delivered at all: a
// client that vanishes while we write is an error code for that connection, not the end of the daemon.
//
// Thread rules: once, from main(), before any thread starts. Ignored signals stay ignored across exec.
#pragma once

namespace mercury::platform {

void ignore_broken_pipe();

}  // namespace mercury::platform
