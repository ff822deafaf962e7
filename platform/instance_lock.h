// One daemon per address, even when ten are started at once.
//
// A socket file cannot say whether its owner is starting, serving or dead, so the right to replace it is a lock that
// the kernel drops when its holder dies, however it dies: an flock on `<address>.lock`, which holds the pid of its
// owner as text. (On Windows the pipe's first instance is the lock and there is no file.)
//
// Failure codes: `already_running` (the sentence names the holder's pid), `foreign_owner`, `permission_denied`,
// `missing_directory`, `io_error`.
//
// Thread rules: any thread, one object at a time. Ownership: held until release() or the destructor, which also
// removes the file; a forked child shares the lock, so the daemon takes it after its last fork.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "base/result.h"
#include "platform/paths.h"

namespace mercury::platform {

class InstanceLock {
 public:
  // Never waits. The directory must exist (prepare_directory()).
  static base::Result<InstanceLock> acquire(const Address& address);

  InstanceLock(InstanceLock&& other) noexcept
      : handle_(std::exchange(other.handle_, -1)), path_(std::move(other.path_)) {}
  InstanceLock& operator=(InstanceLock&& other) noexcept {
    std::swap(handle_, other.handle_);
    std::swap(path_, other.path_);
    return *this;
  }
  InstanceLock(const InstanceLock&) = delete;
  InstanceLock& operator=(const InstanceLock&) = delete;
  ~InstanceLock() { release(); }

  void release();

 private:
  InstanceLock(std::intptr_t handle, std::string path) : handle_(handle), path_(std::move(path)) {}
  std::intptr_t handle_;  // -1: released
  std::string path_;
};

}  // namespace mercury::platform
