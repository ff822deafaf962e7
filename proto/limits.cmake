# proto/limits.json → generated/proto/limits.h: `constexpr std::int64_t mercury::limits::frame_bytes_max = 524288;`
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/limits.json)
file(READ ${CMAKE_CURRENT_LIST_DIR}/limits.json limits_text)
string(JSON limits_count LENGTH "${limits_text}" limits)
math(EXPR limits_last "${limits_count} - 1")
set(limits_lines "")
foreach(index RANGE ${limits_last})
  string(JSON name MEMBER "${limits_text}" limits ${index})
  string(JSON value GET "${limits_text}" limits ${name} value)
  string(JSON unit GET "${limits_text}" limits ${name} unit)
  string(JSON over GET "${limits_text}" limits ${name} over)
  string(APPEND limits_lines "inline constexpr std::int64_t ${name} = ${value};  // ${unit}; over it: ${over}\n")
endforeach()
file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/generated/proto/limits.h @ONLY CONTENT
"// Made from proto/limits.json by proto/limits.cmake; edit that file.
#pragma once

#include <cstdint>

namespace mercury::limits {
@limits_lines@
}  // namespace mercury::limits
")
