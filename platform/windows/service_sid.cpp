// SHA-1 is written here because Windows' own would be one more DLL to import, and because what it is for is no secret:
// the system chose it long ago to give a name a number.
#include "platform/windows/service_sid.h"

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace mercury::platform::windows {
namespace {

using Digest = std::array<std::uint32_t, 5>;
constexpr std::size_t kBlockBytes = 64;

std::uint32_t big_endian(std::string_view bytes) {
  std::uint32_t number = 0;
  for (const char byte : bytes.substr(0, 4)) number = number << 8U | static_cast<unsigned char>(byte);
  return number;
}

void add_block(Digest& digest, std::string_view block) {
  std::array<std::uint32_t, 80> words{};
  for (std::size_t i = 0; i < 16; ++i) words[i] = big_endian(block.substr(4 * i));
  for (std::size_t i = 16; i < 80; ++i) {
    words[i] = std::rotl(words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16], 1);
  }
  auto [a, b, c, d, e] = digest;
  for (std::size_t i = 0; i < 80; ++i) {
    const std::uint32_t mixed = i < 20   ? ((b & c) | (~b & d)) + 0x5a827999U
                                : i < 40 ? (b ^ c ^ d) + 0x6ed9eba1U
                                : i < 60 ? ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdcU
                                         : (b ^ c ^ d) + 0xca62c1d6U;
    const std::uint32_t next = std::rotl(a, 5) + mixed + e + words[i];
    e = d;
    d = c;
    c = std::rotl(b, 30);
    b = a;
    a = next;
  }
  const Digest added{a, b, c, d, e};
  for (std::size_t i = 0; i < digest.size(); ++i) digest[i] += added[i];
}

Digest sha1(std::string bytes) {
  const std::uint64_t bits = 8 * bytes.size();
  bytes += '\x80';
  while (bytes.size() % kBlockBytes != kBlockBytes - 8) bytes += '\0';
  for (int shift = 56; shift >= 0; shift -= 8) bytes += static_cast<char>(bits >> static_cast<unsigned>(shift));
  Digest digest{0x67452301U, 0xefcdab89U, 0x98badcfeU, 0x10325476U, 0xc3d2e1f0U};
  for (std::string_view rest = bytes; !rest.empty(); rest.remove_prefix(kBlockBytes)) add_block(digest, rest);
  return digest;
}

// The digest is big-endian, the numbers of a SID are little-endian.
std::uint32_t swap_bytes(std::uint32_t number) {
  return number >> 24U | (number >> 8U & 0xff00U) | (number << 8U & 0xff0000U) | number << 24U;
}

}  // namespace

std::string service_sid(std::string_view name) {
  std::string utf16;
  for (const char letter : name) {
    utf16 += static_cast<char>(letter >= 'a' && letter <= 'z' ? letter - 'a' + 'A' : letter);
    utf16 += '\0';
  }
  std::string sid = "S-1-5-80";
  for (const std::uint32_t part : sha1(utf16)) sid += "-" + std::to_string(swap_bytes(part));
  return sid;
}

}  // namespace mercury::platform::windows
