// The lock is a named mutex that merely exists: the system drops it when the last process that opened it ends, however
// it ends. It is in the Global namespace, because a service and a desktop do not share a Local one.
#include "platform/instance_lock.h"

#include <algorithm>
#include <utility>

#include "platform/windows/win32.h"

namespace mercury::platform {
namespace {

std::string mutex_name(const Address& address) { return "Global\\mercury-" + short_hash(address.path); }

std::string holder_of(const Address& address) {
  const windows::Handle pipe(::CreateFileW(windows::wide(address.path).c_str(), FILE_READ_ATTRIBUTES, 0, nullptr,
                                           OPEN_EXISTING, SECURITY_SQOS_PRESENT | SECURITY_IDENTIFICATION, nullptr));
  ULONG pid = 0;
  if (!pipe || ::GetNamedPipeServerProcessId(pipe.get(), &pid) == 0) return "another process";
  return "process " + std::to_string(pid);
}

}  // namespace

base::Result<InstanceLock> InstanceLock::acquire(const Address& address) {
  const std::string name = mutex_name(address);
  ::SetLastError(ERROR_SUCCESS);
  windows::Handle mutex(::CreateMutexW(nullptr, FALSE, windows::wide(name).c_str()));
  const DWORD error = ::GetLastError();
  // Access denied: it is there, and another user's.
  if (error == ERROR_ALREADY_EXISTS || error == ERROR_ACCESS_DENIED) {
    return base::Error{"already_running", holder_of(address) + " holds " + name +
                                              ": another mercuryd is running or starting at " + address.path};
  }
  if (!mutex) return windows::error_about("cannot make the lock", name, error);
  return InstanceLock(reinterpret_cast<std::intptr_t>(mutex.release()), name);
}

void InstanceLock::release() {
  const std::intptr_t handle = std::exchange(handle_, -1);
  if (handle != -1) windows::Handle(reinterpret_cast<HANDLE>(handle));
}

}  // namespace mercury::platform
