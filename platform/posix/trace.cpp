// macOS, and Linux without sys/sdt.h: there is nobody to tell. macOS' own way, os_signpost, needs headers that a cross
// build does not have.
#include "platform/trace.h"

namespace mercury::platform {

struct Trace::Registration {};

Trace::Trace() = default;
Trace::~Trace() = default;

void Trace::unit(std::string_view, std::uint64_t, std::uint64_t, std::uint64_t) const {}
void Trace::finding(std::string_view, std::string_view, std::uint64_t) const {}
void Trace::state(std::string_view) const {}

}  // namespace mercury::platform
