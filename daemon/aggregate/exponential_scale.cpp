#include "aggregate/exponential_scale.h"

#include <cmath>

namespace mercury::aggregate {
double bucket_lower_bound(int index, int scale) {
  if (scale <= 0) return std::ldexp(1.0, index * (1 << -scale));
  const int whole = index >> scale;
  const int part = index - whole * (1 << scale);
  return std::ldexp(std::exp2(static_cast<double>(part) / (1 << scale)), whole);
}

double bucket_midpoint(int index, int scale) {
  return std::sqrt(bucket_lower_bound(index, scale)) * std::sqrt(bucket_lower_bound(index + 1, scale));
}

}  // namespace mercury::aggregate
