#include "platform/service_control.h"

namespace mercury::platform {
namespace {

base::Error not_here() {
  return {"not_here", "this system's services are systemd's; use `systemctl start|stop|status mercuryd`"};
}

}  // namespace

base::Result<std::string> install_service(const ServiceSpec&) { return not_here(); }
base::Status uninstall_service(const std::string&) { return not_here(); }
base::Status start_service(const std::string&, std::chrono::milliseconds) { return not_here(); }
base::Status stop_service(const std::string&, std::chrono::milliseconds) { return not_here(); }
base::Result<ServiceState> service_state(const std::string&) { return not_here(); }
base::Result<int> run_as_service(const std::string&, const std::function<int()>&) { return not_here(); }
void tell_event_log(Severity, const std::string&) {}
std::string program_path() { return {}; }

}  // namespace mercury::platform
