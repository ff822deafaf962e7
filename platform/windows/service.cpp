#include "platform/service.h"

#include "platform/service_control.h"
#include "platform/windows/service_state.h"

namespace mercury::platform {
namespace {

constexpr DWORD kStopHintMs = 30'000;  // the drain and the last snapshot

windows::RunningService& service() { return windows::running_service(); }

}  // namespace

ServiceLink ServiceLink::from_environment() {
  ServiceLink link;
  const std::lock_guard lock(service().mutex);
  if (service().handle != nullptr) link.handle_ = 0;
  return link;
}

ServiceLink& ServiceLink::operator=(ServiceLink&& other) noexcept {
  std::swap(handle_, other.handle_);
  std::swap(watchdog_, other.watchdog_);
  return *this;
}

ServiceLink::~ServiceLink() {
  if (!exists()) return;
  const std::lock_guard lock(service().mutex);
  service().stop = nullptr;  // what it would call may be gone
}

void ServiceLink::on_stop(std::function<void()> stop) {
  if (!exists()) return;
  const std::lock_guard lock(service().mutex);
  service().stop = std::move(stop);
  if (service().stop_asked && service().stop) service().stop();
}

void ServiceLink::ready(std::string_view status) {
  if (!exists()) return;
  {
    const std::lock_guard lock(service().mutex);
    if (!service().stop_asked) service().tell(SERVICE_RUNNING, 0);
  }
  tell_event_log(Severity::Information, std::string(status));
}

void ServiceLink::reloading() {}

void ServiceLink::stopping() {
  if (!exists()) return;
  const std::lock_guard lock(service().mutex);
  service().tell(SERVICE_STOP_PENDING, kStopHintMs);
}

// Windows shows no such line, so it goes where an administrator looks: what is wrong, one sentence each.
void ServiceLink::status(std::string_view line) { tell_event_log(Severity::Error, std::string(line)); }

void ServiceLink::alive() {}

}  // namespace mercury::platform
