// Any bytes, for any vendor: the promises of daemon/analysis/fingerprint.h and summary.h hold.
//
// The first byte of the input chooses the vendor, the rest is the statement.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "analysis/fingerprint.h"
#include "analysis/summary.h"

using mercury::model::Vendor;

namespace {

void must_hold(bool holds, const char* promise, const std::string& text) {
  if (holds) return;
  std::fprintf(stderr, "broken promise: %s\n<<<%s>>>\n", promise, text.c_str());
  std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size == 0) return 0;
  const auto vendor = static_cast<Vendor>(bytes[0] % 6);
  const std::string_view sql(reinterpret_cast<const char*>(bytes) + 1, size - 1);

  const std::string text = mercury::analysis::normalise(sql, vendor);
  must_hold(text.size() <= 2 * sql.size(), "at most twice as long", text);
  must_hold(mercury::analysis::normalise(text, vendor) == text, "idempotent", text);
  must_hold(mercury::analysis::summary(text).size() <= mercury::analysis::kSummaryBytesMax, "short summary", text);
  mercury::analysis::fingerprint_id(text);
  return 0;
}
