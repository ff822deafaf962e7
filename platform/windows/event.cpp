#include "platform/windows/event.h"

namespace mercury::platform::windows {
namespace {

// EVENT_DATA_DESCRIPTOR_TYPE_…, which the headers of mingw-w64 do not have.
constexpr ULONG kEventMetadata = 1;
constexpr ULONG kProviderMetadata = 2;

std::string sized(const std::string& rest) {
  const std::size_t size = 2 + rest.size();
  return std::string{static_cast<char>(size & 0xff), static_cast<char>(size >> 8)} + rest;
}

std::string named(std::string_view name) { return std::string(name) + '\0'; }

EVENT_DATA_DESCRIPTOR descriptor(const void* bytes, std::size_t size, ULONG type) {
  EVENT_DATA_DESCRIPTOR out{};
  ::EventDataDescCreate(&out, bytes, static_cast<ULONG>(size));
  out.Reserved = type;
  return out;
}

}  // namespace

std::string provider_metadata(std::string_view name) { return sized(named(name)); }

std::string event_metadata(std::string_view name, std::initializer_list<Field> fields) {
  std::string out(1, '\0');
  out += named(name);
  for (const Field& field : fields) out += named(field.name) + static_cast<char>(field.type);
  return sized(out);
}

EVENT_DATA_DESCRIPTOR value_of(const std::wstring& text) {
  return descriptor(text.c_str(), (text.size() + 1) * sizeof(wchar_t), 0);
}

EVENT_DATA_DESCRIPTOR value_of(const std::uint64_t& number) { return descriptor(&number, sizeof number, 0); }

std::vector<EVENT_DATA_DESCRIPTOR> data(const std::string& provider, const std::string& event,
                                        std::initializer_list<EVENT_DATA_DESCRIPTOR> values) {
  std::vector<EVENT_DATA_DESCRIPTOR> out{descriptor(provider.data(), provider.size(), kProviderMetadata),
                                         descriptor(event.data(), event.size(), kEventMetadata)};
  out.insert(out.end(), values);
  return out;
}

}  // namespace mercury::platform::windows
