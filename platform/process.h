// This process: what it is, what it weighs, and what it must shed before it becomes a daemon.
//
// A daemon that a web server's worker started on demand inherits that worker's sockets, session and directory. A
// listening port would then stay bound after the site is gone, and Ctrl-C in the site's terminal would end the
// daemon: so it lets go of all three, in this order, before it opens anything of its own:
//
//   close_inherited_descriptors({});
//   detach_from_parent();
//   raise_descriptor_limit();
//
// Thread rules: call the three above from main() while there is one thread; the others from any.
#pragma once

#include <cstdint>
#include <span>

#include "base/result.h"

namespace mercury::platform {

std::int64_t process_id();

// Memory of this process that is in RAM now; 0 if the system does not say. Cost: reads one small file.
std::uint64_t resident_bytes();

// Closes every descriptor above standard error except those in `keep` and those that systemd handed to this very
// process (LISTEN_FDS), which Listener::open() takes.
void close_inherited_descriptors(std::span<const int> keep);

// A session of our own, `/` as directory, null for standard input, output and error. Fails with `io_error`; the
// streams are untouched if there is no null device.
base::Status detach_from_parent();

// Raises the number of descriptors this process may open to the most it is allowed; returns that number.
std::uint64_t raise_descriptor_limit();

}  // namespace mercury::platform
