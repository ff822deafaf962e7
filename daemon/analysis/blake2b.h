// BLAKE2b (RFC 7693) with a digest of 8 bytes and no key: the identity of a statement.
//
// Why a cryptographic hash: a statement's id is compared between processes, machines and days, two different
// statements must not be brought to share one by accident, and Python has the same function in its standard
// library: hashlib.blake2b(text, digest_size=8). A digest length is part of BLAKE2b's parameters, so this is not
// the first 8 bytes of a longer digest.
//
// Thread rules: pure. Failure: none. Cost: some 3 ns a byte, no allocation.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace mercury::analysis {

// The 8 digest bytes in the order in which RFC 7693 defines them.
std::array<std::uint8_t, 8> blake2b_64(std::string_view bytes);

}  // namespace mercury::analysis
