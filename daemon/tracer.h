// Hands what the engine judges, and what becomes of the daemon, to the system's profiler (platform/trace.h).
// Threads: the engine's.
#pragma once

#include <cstdint>
#include <string_view>

#include "aggregate/observer.h"
#include "platform/trace.h"

namespace mercury {

class Tracer final : public aggregate::Observer {
 public:
  void on_finding(std::string_view route, const model::Finding& finding) override {
    trace_.finding(model::name_of(finding.kind), route, finding.count);
  }
  void on_unit(std::string_view route, const model::UnitHeader& unit, std::uint64_t findings) override {
    trace_.unit(route, unit.duration_ns, unit.queries, findings);
  }
  void state(std::string_view name) { trace_.state(name); }

 private:
  platform::Trace trace_;
};

}  // namespace mercury
