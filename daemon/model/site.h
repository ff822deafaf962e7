// Where a query was made: PROTOCOL.md §4, kind site. Every field may be absent (empty, 0).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace mercury::model {

struct SiteFrame {
  std::uint32_t line = 0;
  bool application = false;
  std::string file;
  std::string module;
  std::string function;
  bool operator==(const SiteFrame&) const = default;
};

namespace site_flag {
inline constexpr std::uint16_t kChunk = 1;
inline constexpr std::uint16_t kBulk = 2;
}  // namespace site_flag

struct Site {
  std::vector<SiteFrame> frames;  // innermost first
  std::uint32_t template_line = 0;
  std::string template_name;
  std::string view;
  std::string serializer_field;
  std::string admin_column;
  std::string operation;
  std::string relation;
  std::uint16_t flags = 0;
  bool operator==(const Site&) const = default;
};

}  // namespace mercury::model
