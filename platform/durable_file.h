// Files that are either wholly the old ones or wholly the new ones, whatever happens in between.
//
// write_atomically() writes `<path>.tmp` beside the file, syncs it, renames it over `path` and syncs the directory.
// A full disk, a signal or a power cut before the rename leaves the old file untouched; on every failure that we
// live to see, the temporary file is gone too (one left by a crash is overwritten next time).
//
// Failure codes: `permission_denied`, `missing_directory`, `disk_full` (also a quota or a file size limit),
// `not_found`, `not_a_file`, `file_too_large`, `io_error`; and `sync_failed`, the only one after which the new
// content is in place: the directory would not sync, so a power cut may still bring the old file back.
//
// Thread rules: any thread, but one writer per path at a time (the daemon's instance lock sees to that).
// Cost: two syncs, milliseconds to a second: not between two frames.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace mercury::platform {

// `mode`: permission bits of the new file, whatever the umask says; no meaning on Windows. A symbolic link at `path`
// is replaced, not followed.
base::Status write_atomically(const std::string& path, std::string_view bytes, std::uint32_t mode);

// The whole file, of at most `bytes_max` bytes. Never blocks on a pipe that pretends to be a file.
base::Result<std::string> read_all(const std::string& path, std::size_t bytes_max);

}  // namespace mercury::platform
