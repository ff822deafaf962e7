// What stands in a REPORT, read by hand from PROTOCOL.md §5.
#pragma once

#include <cstdint>
#include <cstring>
#include <nlohmann/json.hpp>
#include <string_view>

namespace mercury::support {

struct ReceivedReport {
  std::uint64_t nonce = 0;
  std::uint32_t findings_left_out = 0;
  std::uint32_t groups_left_out = 0;
  std::string_view text;  // of the verdict; valid as long as the payload
  nlohmann::json verdict;
};

// Precondition: at least 16 bytes.
inline ReceivedReport read_report(std::string_view payload) {
  ReceivedReport out;
  std::memcpy(&out.nonce, payload.data(), 8);
  std::memcpy(&out.findings_left_out, payload.data() + 8, 4);
  std::memcpy(&out.groups_left_out, payload.data() + 12, 4);
  out.text = payload.substr(16);
  out.verdict = nlohmann::json::parse(out.text);
  return out;
}

}  // namespace mercury::support
