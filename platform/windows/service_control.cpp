// How the manager behaves: it starts the process and waits 30 s for the dispatcher, whatever the process is doing, and
// calls error 1053 what it does not hear of. So nothing is read, opened or checked before run_as_service(), and what is
// wrong with a configuration is told as the service's own exit code and in the event log.
#include "platform/service_control.h"

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "platform/windows/service_state.h"
#include "platform/windows/win32.h"

namespace mercury::platform {
namespace windows {

RunningService& running_service() {
  static RunningService service;
  return service;
}

void RunningService::tell(DWORD state, DWORD wait_ms, DWORD exit_code) {
  const bool pending = state == SERVICE_START_PENDING || state == SERVICE_STOP_PENDING;
  status.dwServiceType = SERVICE_WIN32_OWN_PROCESS;
  status.dwCurrentState = state;
  status.dwControlsAccepted = state == SERVICE_RUNNING ? SERVICE_ACCEPT_STOP | SERVICE_ACCEPT_PRESHUTDOWN : 0U;
  status.dwWin32ExitCode = exit_code == 0 ? NO_ERROR : ERROR_SERVICE_SPECIFIC_ERROR;
  status.dwServiceSpecificExitCode = exit_code;
  status.dwCheckPoint = pending ? status.dwCheckPoint + 1 : 0;
  status.dwWaitHint = wait_ms;
  ::SetServiceStatus(handle, &status);
}

}  // namespace windows

namespace {

using windows::narrow;
using windows::running_service;
using windows::wide;
using Clock = std::chrono::steady_clock;

constexpr DWORD kStartHintMs = 10'000;  // reading a large snapshot
constexpr DWORD kStopHintMs = 30'000;
constexpr DWORD kRestartAfterMs = 5'000;
constexpr DWORD kForgetFailuresAfterS = 24 * 3600;
constexpr DWORD kPollMs = 20;
constexpr const wchar_t* kAccount = L"NT AUTHORITY\\LocalService";
// Of the state directory: the system, administrators and the service's account, and nobody else.
constexpr const wchar_t* kStateSddl = L"D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;FA;;;LS)";

struct ServiceHandleCloser {
  void operator()(SC_HANDLE handle) const { ::CloseServiceHandle(handle); }
};
using ServiceHandle = std::unique_ptr<std::remove_pointer_t<SC_HANDLE>, ServiceHandleCloser>;

base::Error service_error(const std::string& doing, const std::string& name, DWORD error) {
  switch (error) {
    case ERROR_ACCESS_DENIED:
      return {"permission_denied", doing + " " + name + ": only an administrator may; start the terminal as one"};
    case ERROR_SERVICE_DOES_NOT_EXIST:
      return {"no_such_service", "there is no service " + name + "; `mercuryd service install` makes it"};
    case ERROR_SERVICE_EXISTS:
      return {"already_there", "there is a service " + name + " already; `mercuryd service uninstall` removes it"};
    case ERROR_SERVICE_ALREADY_RUNNING: return {"already_running", "the service " + name + " runs already"};
    case ERROR_SERVICE_NOT_ACTIVE: return {"not_running", "the service " + name + " does not run"};
    default: return windows::error_about(doing, name, error);
  }
}

base::Result<ServiceHandle> open_manager(DWORD access) {
  ServiceHandle manager(::OpenSCManagerW(nullptr, nullptr, access));
  if (!manager) return service_error("cannot open", "the service manager", ::GetLastError());
  return manager;
}

base::Result<ServiceHandle> open_service(const std::string& name, DWORD access) {
  base::Result<ServiceHandle> manager = open_manager(SC_MANAGER_CONNECT);
  if (!manager) return manager.error();
  ServiceHandle service(::OpenServiceW(manager->get(), wide(name).c_str(), access));
  if (!service) return service_error("cannot open the service", name, ::GetLastError());
  return service;
}

base::Result<SERVICE_STATUS_PROCESS> query(SC_HANDLE service, const std::string& name) {
  SERVICE_STATUS_PROCESS status{};
  DWORD size = 0;
  if (::QueryServiceStatusEx(service, SC_STATUS_PROCESS_INFO, reinterpret_cast<BYTE*>(&status), sizeof status, &size) ==
      0) {
    return service_error("cannot ask for the service", name, ::GetLastError());
  }
  return status;
}

std::uint32_t exit_code_of(const SERVICE_STATUS_PROCESS& status) {
  const bool own = status.dwWin32ExitCode == ERROR_SERVICE_SPECIFIC_ERROR;
  return own ? status.dwServiceSpecificExitCode : status.dwWin32ExitCode;
}

const char* state_name(DWORD state) {
  switch (state) {
    case SERVICE_RUNNING: return "running";
    case SERVICE_STOPPED: return "stopped";
    case SERVICE_START_PENDING: return "starting";
    case SERVICE_STOP_PENDING: return "stopping";
    default: return "paused";
  }
}

// Waits until the service is in `wanted` or has stopped.
base::Result<SERVICE_STATUS_PROCESS> wait_for(SC_HANDLE service, const std::string& name, DWORD wanted,
                                              std::chrono::milliseconds timeout) {
  const Clock::time_point end = Clock::now() + timeout;
  for (;;) {
    base::Result<SERVICE_STATUS_PROCESS> status = query(service, name);
    if (!status || status->dwCurrentState == wanted || status->dwCurrentState == SERVICE_STOPPED) return status;
    if (Clock::now() >= end) {
      return base::Error{"timed_out", "the service " + name + " is still " + state_name(status->dwCurrentState) +
                                          " after " + std::to_string(timeout.count()) + " ms"};
    }
    ::Sleep(kPollMs);
  }
}

// Asks the service to stop. One that is starting hears nothing (error 1061, of Wine 1052): it is asked again until it
// has started. One that is stopping already is fine.
base::Status ask_to_stop(SC_HANDLE service, const std::string& name, std::chrono::milliseconds timeout) {
  const Clock::time_point end = Clock::now() + timeout;
  for (;;) {
    SERVICE_STATUS ignored{};
    if (::ControlService(service, SERVICE_CONTROL_STOP, &ignored) != 0) return base::Done{};
    const DWORD error = ::GetLastError();
    if (error != ERROR_INVALID_SERVICE_CONTROL && error != ERROR_SERVICE_CANNOT_ACCEPT_CTRL) {
      return service_error("cannot stop the service", name, error);
    }
    const base::Result<SERVICE_STATUS_PROCESS> status = query(service, name);
    if (!status) return status.error();
    if (status->dwCurrentState == SERVICE_STOP_PENDING) return base::Done{};
    if (status->dwCurrentState == SERVICE_STOPPED) {
      return service_error("cannot stop the service", name, ERROR_SERVICE_NOT_ACTIVE);
    }
    if (Clock::now() >= end) {
      return base::Error{"timed_out", "the service " + name + " is still " + state_name(status->dwCurrentState) +
                                          " after " + std::to_string(timeout.count()) +
                                          " ms and can not be stopped before it has started; try again later"};
    }
    ::Sleep(kPollMs);
  }
}

// ---- being a service ----

DWORD WINAPI on_control(DWORD control, DWORD, void*, void*) {
  switch (control) {
    case SERVICE_CONTROL_INTERROGATE: return NO_ERROR;
    case SERVICE_CONTROL_STOP:
    case SERVICE_CONTROL_PRESHUTDOWN: break;
    default: return ERROR_CALL_NOT_IMPLEMENTED;
  }
  auto& service = running_service();
  const std::lock_guard lock(service.mutex);
  service.tell(SERVICE_STOP_PENDING, kStopHintMs);
  service.stop_asked = true;
  if (service.stop) service.stop();
  return NO_ERROR;
}

void WINAPI service_main(DWORD, wchar_t**) {
  auto& service = running_service();
  {
    const std::lock_guard lock(service.mutex);
    service.handle = ::RegisterServiceCtrlHandlerExW(service.name.c_str(), on_control, nullptr);
    if (service.handle == nullptr) return;
    service.tell(SERVICE_START_PENDING, kStartHintMs);
  }
  const int exit_code = service.body();
  const std::lock_guard lock(service.mutex);
  service.tell(SERVICE_STOPPED, 0, static_cast<DWORD>(exit_code));
  // The process may be ended from here on.
}

// ---- installing ----

std::string set_options(SC_HANDLE service, const ServiceSpec& spec) {
  std::string left_out;
  const auto set = [&](DWORD what, void* value, const char* name) {
    if (::ChangeServiceConfig2W(service, what, value) == 0) {
      left_out += std::string(name) + " could not be set: " + windows::reason(::GetLastError()) + "\n";
    }
  };
  std::wstring text = wide(spec.description);
  SERVICE_DESCRIPTIONW description{text.data()};
  set(SERVICE_CONFIG_DESCRIPTION, &description, "the description");
  std::array<SC_ACTION, 3> actions;
  actions.fill({SC_ACTION_RESTART, kRestartAfterMs});
  SERVICE_FAILURE_ACTIONSW failure{kForgetFailuresAfterS, nullptr, nullptr, static_cast<DWORD>(actions.size()),
                                   actions.data()};
  set(SERVICE_CONFIG_FAILURE_ACTIONS, &failure, "the restart after a failure");
  SERVICE_DELAYED_AUTO_START_INFO delayed{TRUE};
  set(SERVICE_CONFIG_DELAYED_AUTO_START_INFO, &delayed, "the delayed start");
  SERVICE_SID_INFO sid{SERVICE_SID_TYPE_UNRESTRICTED};
  set(SERVICE_CONFIG_SERVICE_SID_INFO, &sid, "the service's own SID");
  SERVICE_PRESHUTDOWN_INFO preshutdown{kStopHintMs};
  set(SERVICE_CONFIG_PRESHUTDOWN_INFO, &preshutdown, "the time at shutdown");
  return left_out;
}

base::Status make_state_directory(const std::string& path) {
  PSECURITY_DESCRIPTOR descriptor = nullptr;
  if (::ConvertStringSecurityDescriptorToSecurityDescriptorW(kStateSddl, SDDL_REVISION_1, &descriptor, nullptr) == 0) {
    return windows::error_about("cannot make", path, ::GetLastError());
  }
  const windows::LocalMemory memory(descriptor);
  SECURITY_ATTRIBUTES attributes{sizeof attributes, descriptor, FALSE};
  if (::CreateDirectoryW(wide(path).c_str(), &attributes) == 0 && ::GetLastError() != ERROR_ALREADY_EXISTS) {
    return windows::error_about("cannot make the directory", path, ::GetLastError());
  }
  return base::Done{};
}

}  // namespace

base::Result<std::string> install_service(const ServiceSpec& spec) {
  base::Result<ServiceHandle> manager = open_manager(SC_MANAGER_CREATE_SERVICE);
  if (!manager) return manager.error();
  if (base::Status made = make_state_directory(spec.state_directory); !made) return made.error();
  ServiceHandle service(::CreateServiceW(manager->get(), wide(spec.name).c_str(), wide(spec.display_name).c_str(),
                                         SERVICE_ALL_ACCESS, SERVICE_WIN32_OWN_PROCESS, SERVICE_AUTO_START,
                                         SERVICE_ERROR_NORMAL, wide(spec.command_line).c_str(), nullptr, nullptr,
                                         nullptr, kAccount, nullptr));
  if (!service) return service_error("cannot make the service", spec.name, ::GetLastError());
  return set_options(service.get(), spec);
}

base::Status uninstall_service(const std::string& name) {
  base::Result<ServiceHandle> service = open_service(name, DELETE | SERVICE_QUERY_STATUS | SERVICE_STOP);
  if (!service) return service.error();
  constexpr std::chrono::milliseconds kPatience(kStopHintMs);
  if (const base::Status asked = ask_to_stop(service->get(), name, kPatience); asked) {
    const auto stopped = wait_for(service->get(), name, SERVICE_STOPPED, kPatience);
    if (!stopped) return stopped.error();
  } else if (asked.error().code != "not_running") {
    return asked.error();
  }
  if (::DeleteService(service->get()) == 0) {
    return service_error("cannot remove the service", name, ::GetLastError());
  }
  return base::Done{};
}

base::Status start_service(const std::string& name, std::chrono::milliseconds timeout) {
  base::Result<ServiceHandle> service = open_service(name, SERVICE_START | SERVICE_QUERY_STATUS);
  if (!service) return service.error();
  if (::StartServiceW(service->get(), 0, nullptr) == 0) {
    return service_error("cannot start the service", name, ::GetLastError());
  }
  const auto status = wait_for(service->get(), name, SERVICE_RUNNING, timeout);
  if (!status) return status.error();
  if (status->dwCurrentState == SERVICE_RUNNING) return base::Done{};
  return base::Error{"service_failed", "the service " + name + " ended at once with code " +
                                           std::to_string(exit_code_of(*status)) +
                                           "; the event log (source mercuryd) says why"};
}

base::Status stop_service(const std::string& name, std::chrono::milliseconds timeout) {
  base::Result<ServiceHandle> service = open_service(name, SERVICE_STOP | SERVICE_QUERY_STATUS);
  if (!service) return service.error();
  if (base::Status asked = ask_to_stop(service->get(), name, timeout); !asked) return asked;
  const auto status = wait_for(service->get(), name, SERVICE_STOPPED, timeout);
  if (!status) return status.error();
  return base::Done{};
}

base::Result<ServiceState> service_state(const std::string& name) {
  base::Result<ServiceHandle> service = open_service(name, SERVICE_QUERY_STATUS | SERVICE_QUERY_CONFIG);
  if (!service) return service.error();
  base::Result<SERVICE_STATUS_PROCESS> status = query(service->get(), name);
  if (!status) return status.error();
  ServiceState out{state_name(status->dwCurrentState), status->dwProcessId, exit_code_of(*status), {}};
  DWORD size = 0;
  ::QueryServiceConfigW(service->get(), nullptr, 0, &size);
  std::vector<std::byte> buffer(size);
  auto* config = reinterpret_cast<QUERY_SERVICE_CONFIGW*>(buffer.data());
  if (size > 0 && ::QueryServiceConfigW(service->get(), config, size, &size) != 0) {
    out.command_line = narrow(config->lpBinaryPathName);
  }
  return out;
}

base::Result<int> run_as_service(const std::string& name, const std::function<int()>& body) {
  auto& service = running_service();
  service.name = wide(name);
  service.body = body;
  const std::array<SERVICE_TABLE_ENTRYW, 2> table{{{service.name.data(), service_main}, {nullptr, nullptr}}};
  if (::StartServiceCtrlDispatcherW(table.data()) == 0) {
    const DWORD error = ::GetLastError();
    if (error == ERROR_FAILED_SERVICE_CONTROLLER_CONNECT) {
      return base::Error{"not_a_service",
                         "`service run` is for the service manager; use `mercuryd service start`, or mercuryd alone"};
    }
    return service_error("cannot become the service", name, error);
  }
  return 0;
}

void tell_event_log(Severity severity, const std::string& sentence) {
  auto& service = running_service();
  if (service.handle == nullptr) return;
  constexpr std::array<WORD, 3> kTypes{EVENTLOG_INFORMATION_TYPE, EVENTLOG_WARNING_TYPE, EVENTLOG_ERROR_TYPE};
  const HANDLE log = ::RegisterEventSourceW(nullptr, service.name.c_str());
  if (log == nullptr) return;
  const std::wstring text = wide(sentence);
  const wchar_t* strings[] = {text.c_str()};
  ::ReportEventW(log, kTypes[static_cast<std::size_t>(severity)], 0, 1, nullptr, 1, 0, strings, nullptr);
  ::DeregisterEventSource(log);
}

std::string program_path() {
  std::vector<wchar_t> buffer(512);
  for (;;) {
    const DWORD size = ::GetModuleFileNameW(nullptr, buffer.data(), static_cast<DWORD>(buffer.size()));
    if (size < buffer.size()) return narrow({buffer.data(), size});
    buffer.resize(buffer.size() * 2);
  }
}

}  // namespace mercury::platform
