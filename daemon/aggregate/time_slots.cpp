#include "aggregate/time_slots.h"

namespace mercury::aggregate {

std::int64_t slot_number(base::Time time, std::chrono::seconds width) {
  const std::int64_t nanoseconds = time.time_since_epoch().count();
  const std::int64_t step = std::chrono::nanoseconds(width).count();
  const std::int64_t towards_zero = nanoseconds / step;
  return nanoseconds % step < 0 ? towards_zero - 1 : towards_zero;
}

}  // namespace mercury::aggregate
