// The SID of a service. Windows computes it from the name alone, so it is known also where no service of this name has
// been made, and in whatever language the system speaks.
#pragma once

#include <string>
#include <string_view>

namespace mercury::platform::windows {

// As `mercuryd service install` names it.
inline constexpr std::string_view kServiceName = "mercuryd";

// NT SERVICE\<name> as text: "S-1-5-80-" and the five numbers of SHA-1 over the name in capitals, as UTF-16. `name`: in
// ASCII. A pure function.
std::string service_sid(std::string_view name);

}  // namespace mercury::platform::windows
