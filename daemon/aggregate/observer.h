// What the engine tells while it folds, to whoever looks on: the composition root's tracer, or a test's fake. It keeps
// this room free of the platform.
//
// All arguments are valid during the call only. Threads: the engine's. The engine is in the middle of a fold: an
// observer asks it nothing.
#pragma once

#include <cstdint>
#include <string_view>

#include "model/unit.h"
#include "model/verdict.h"

namespace mercury::aggregate {

class Observer {
 public:
  virtual ~Observer() = default;
  // One finding of a unit, as it is counted for its route: none that a rule ignores, none that was a sub-unit's before.
  virtual void on_finding(std::string_view route, const model::Finding& finding) = 0;
  // The unit is judged, after its `findings` were told. A unit whose last part never comes is not.
  virtual void on_unit(std::string_view route, const model::UnitHeader& unit, std::uint64_t findings) = 0;
};

}  // namespace mercury::aggregate
