// What run_as_service() and ServiceLink share: the one service that this process is.
#pragma once

#include <functional>
#include <mutex>
#include <string>

#include "platform/windows/win32.h"

namespace mercury::platform::windows {

// The manager calls back with a plain function pointer, so there must be one of these a process. All members are
// guarded by the mutex: the manager's thread, the service's and the handler's meet here.
struct RunningService {
  std::mutex mutex;
  std::wstring name;
  std::function<int()> body;
  SERVICE_STATUS_HANDLE handle = nullptr;  // null: this process is no service
  SERVICE_STATUS status{};
  std::function<void()> stop;
  bool stop_asked = false;  // before anybody wanted to hear it

  // Tells the manager a state; `wait_ms` is how long it may take until the next word.
  void tell(DWORD state, DWORD wait_ms, DWORD exit_code = 0);
};

RunningService& running_service();

}  // namespace mercury::platform::windows
