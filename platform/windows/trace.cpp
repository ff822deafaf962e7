#include "platform/trace.h"

#include <atomic>
#include <string>

#include "platform/windows/event.h"

namespace mercury::platform {
namespace {

using windows::Field;
using windows::FieldType;
using windows::value_of;
using windows::wide;

// a51418b4-0a8a-578a-570f-92aa11f5e9d8, which tools that take a name make of "mercuryd": the first half of a SHA-1, in
// the way of EventSource and TraceLogging.
constexpr GUID kProvider{0xa51418b4, 0x0a8a, 0x578a, {0x57, 0x0f, 0x92, 0xaa, 0x11, 0xf5, 0xe9, 0xd8}};
constexpr auto kProviderTraits = static_cast<EVENT_INFO_CLASS>(2);  // EventProviderSetTraits

// What a listener chooses from, by level and keyword. The channel is that of events that describe themselves.
constexpr UCHAR kSelfDescribing = 11;
constexpr UCHAR kInformation = 4;
constexpr UCHAR kVerbose = 5;
constexpr EVENT_DESCRIPTOR kUnit{0, 0, kSelfDescribing, kVerbose, 0, 0, 1};
constexpr EVENT_DESCRIPTOR kFinding{0, 0, kSelfDescribing, kInformation, 0, 0, 2};
constexpr EVENT_DESCRIPTOR kState{0, 0, kSelfDescribing, kInformation, 0, 0, 4};

}  // namespace

struct Trace::Registration {
  std::atomic<bool> listened = false;  // by anybody, to anything: ETW sorts out the rest
  REGHANDLE handle = 0;
  std::string provider = windows::provider_metadata("mercuryd");
  std::string unit = windows::event_metadata("Unit", {{"Route", FieldType::Text},
                                                      {"DurationNs", FieldType::Number},
                                                      {"Queries", FieldType::Number},
                                                      {"Findings", FieldType::Number}});
  std::string finding = windows::event_metadata(
      "Finding", {{"Kind", FieldType::Text}, {"Route", FieldType::Text}, {"Count", FieldType::Number}});
  std::string state = windows::event_metadata("State", {{"State", FieldType::Text}});

  // Called by the system on a thread of its own, and during EventRegister() if somebody listens already.
  static void NTAPI on_listener(LPCGUID, ULONG control, UCHAR, ULONGLONG, ULONGLONG, PEVENT_FILTER_DESCRIPTOR,
                                void* registration) {
    static_cast<Registration*>(registration)->listened = control != 0;  // 0: the last one is gone
  }

  void write(const EVENT_DESCRIPTOR& descriptor, const std::string& event,
             std::initializer_list<EVENT_DATA_DESCRIPTOR> values) const {
    auto data = windows::data(provider, event, values);
    ::EventWriteTransfer(handle, &descriptor, nullptr, nullptr, static_cast<ULONG>(data.size()), data.data());
  }
};

Trace::Trace() : registration_(std::make_unique<Registration>()) {
  Registration& mine = *registration_;
  if (::EventRegister(&kProvider, Registration::on_listener, &mine, &mine.handle) != ERROR_SUCCESS) return;
  // Without this the system takes metadata for data.
  ::EventSetInformation(mine.handle, kProviderTraits, mine.provider.data(), static_cast<ULONG>(mine.provider.size()));
}

Trace::~Trace() {
  if (registration_->handle != 0) ::EventUnregister(registration_->handle);
}

void Trace::unit(std::string_view route, std::uint64_t duration_ns, std::uint64_t queries,
                 std::uint64_t findings) const {
  if (!registration_->listened.load(std::memory_order_relaxed)) [[likely]]
    return;
  const std::wstring route_text = wide(route);
  registration_->write(kUnit, registration_->unit,
                       {value_of(route_text), value_of(duration_ns), value_of(queries), value_of(findings)});
}

void Trace::finding(std::string_view kind, std::string_view route, std::uint64_t count) const {
  if (!registration_->listened.load(std::memory_order_relaxed)) [[likely]]
    return;
  const std::wstring kind_text = wide(kind);
  const std::wstring route_text = wide(route);
  registration_->write(kFinding, registration_->finding, {value_of(kind_text), value_of(route_text), value_of(count)});
}

void Trace::state(std::string_view name) const {
  if (!registration_->listened.load(std::memory_order_relaxed)) [[likely]]
    return;
  const std::wstring text = wide(name);
  registration_->write(kState, registration_->state, {value_of(text)});
}

}  // namespace mercury::platform
