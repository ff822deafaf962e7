// What every system has in common: in which order addresses are looked at, and the hash of names.
#include "platform/paths.h"

#include <cstdint>
#include <utility>

namespace mercury::platform {

base::Result<std::vector<Candidate>> candidates(const Environment& environment, std::string_view named) {
  const std::string variable = environment.variable("MERCURY_ADDRESS").value_or("");
  const std::string_view chosen = named.empty() ? std::string_view(variable) : named;
  if (chosen.empty()) {
    return std::vector<Candidate>{{private_address(environment), Candidate::Origin::Private},
                                  {system_address(), Candidate::Origin::System}};
  }
  base::Result<Address> address = parse_address(chosen);
  if (!address) return named.empty() ? address.error().in("MERCURY_ADDRESS") : address.error();
  return std::vector<Candidate>{{std::move(*address), Candidate::Origin::Named}};
}

std::string short_hash(std::string_view bytes) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char byte : bytes) {
    hash ^= static_cast<unsigned char>(byte);
    hash *= 0x100000001b3U;
  }
  std::string text;
  for (int shift = 60; shift > 60 - 12 * 4; shift -= 4) text += "0123456789abcdef"[(hash >> shift) & 0xfU];
  return text;
}

}  // namespace mercury::platform
