// Directories that Mercury may trust with a socket, a lock or a snapshot.
//
// Whoever can write to a directory can replace the socket in it, and then reads every statement that a client
// sends. So before anything is put into a directory we look at who owns it and who may write to it, and refuse with
// a sentence that names the path, the owner, the mode and the command that repairs it.
//
// Failure codes: `missing_directory` (its parent is not there either), `not_a_directory`, `symbolic_link`,
// `foreign_owner`, `unsafe_mode`, `permission_denied`, `io_error`.
//
// Thread rules: any thread. Cost: two or three system calls.
#pragma once

#include <string>

#include "base/result.h"

namespace mercury::platform {

enum class DirectoryRule {
  Private,  // Mercury's own: made with mode 0700 if missing; must be ours, exactly 0700, and no symbolic link
  Given     // named by someone: made with 0755 if missing; ours or root's, and only its owner may write to it or it
            // is sticky as /tmp is; a symbolic link is followed if root made it (/var/run)
};

// Makes `path` if only its last component is missing, then checks it.
base::Status prepare_directory(const std::string& path, DirectoryRule rule);

// Makes `path` and every missing parent with mode 0700, then checks by DirectoryRule::Given. For state directories.
base::Status make_directories(const std::string& path);

}  // namespace mercury::platform
