#include "analysis/blake2b.h"

#include <algorithm>
#include <bit>
#include <cstddef>

namespace mercury::analysis {
namespace {

constexpr std::size_t kBlockBytes = 128;
constexpr std::uint64_t kDigestBytes = 8;
constexpr int kRounds = 12;

using State = std::array<std::uint64_t, 8>;
using Block = std::array<std::uint8_t, kBlockBytes>;

// RFC 7693, 2.6: the fractional parts of the square roots of the first eight primes.
constexpr State kInitial = {0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
                            0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179};

// RFC 7693, 2.7: the message schedule; rounds 10 and 11 use rows 0 and 1 again.
constexpr std::uint8_t kSigma[10][16] = {
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
    {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4}, {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
    {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13}, {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
    {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11}, {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
    {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5}, {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0}};

std::uint64_t load_little_endian(const std::uint8_t* bytes) {
  std::uint64_t word = 0;
  for (int i = 7; i >= 0; --i) word = (word << 8) | bytes[i];
  return word;
}

struct Quad {
  std::uint64_t &a, &b, &c, &d;
};

void mix(Quad q, std::uint64_t x, std::uint64_t y) {
  q.a = q.a + q.b + x;
  q.d = std::rotr(q.d ^ q.a, 32);
  q.c = q.c + q.d;
  q.b = std::rotr(q.b ^ q.c, 24);
  q.a = q.a + q.b + y;
  q.d = std::rotr(q.d ^ q.a, 16);
  q.c = q.c + q.d;
  q.b = std::rotr(q.b ^ q.c, 63);
}

enum class Last { No, Yes };

// `bytes_so_far` counts the message bytes up to and including this block. Its upper 64 bits are always zero here.
void compress(State& state, const Block& block, std::uint64_t bytes_so_far, Last last) {
  std::array<std::uint64_t, 16> message;
  for (std::size_t i = 0; i < 16; ++i) message[i] = load_little_endian(block.data() + 8 * i);

  std::array<std::uint64_t, 16> v;
  std::copy(state.begin(), state.end(), v.begin());
  std::copy(kInitial.begin(), kInitial.end(), v.begin() + 8);
  v[12] ^= bytes_so_far;
  if (last == Last::Yes) v[14] = ~v[14];

  for (int round = 0; round < kRounds; ++round) {
    const std::uint8_t* s = kSigma[round % 10];
    mix({v[0], v[4], v[8], v[12]}, message[s[0]], message[s[1]]);
    mix({v[1], v[5], v[9], v[13]}, message[s[2]], message[s[3]]);
    mix({v[2], v[6], v[10], v[14]}, message[s[4]], message[s[5]]);
    mix({v[3], v[7], v[11], v[15]}, message[s[6]], message[s[7]]);
    mix({v[0], v[5], v[10], v[15]}, message[s[8]], message[s[9]]);
    mix({v[1], v[6], v[11], v[12]}, message[s[10]], message[s[11]]);
    mix({v[2], v[7], v[8], v[13]}, message[s[12]], message[s[13]]);
    mix({v[3], v[4], v[9], v[14]}, message[s[14]], message[s[15]]);
  }
  for (std::size_t i = 0; i < 8; ++i) state[i] ^= v[i] ^ v[i + 8];
}

}  // namespace

std::array<std::uint8_t, 8> blake2b_64(std::string_view bytes) {
  State state = kInitial;
  state[0] ^= 0x01010000 ^ kDigestBytes;  // fanout 1, depth 1, no key

  std::uint64_t done = 0;
  Block block{};
  while (bytes.size() > kBlockBytes) {  // the last block, full or not, is compressed below
    std::copy_n(bytes.begin(), kBlockBytes, block.begin());
    done += kBlockBytes;
    compress(state, block, done, Last::No);
    bytes.remove_prefix(kBlockBytes);
  }
  block.fill(0);
  std::copy(bytes.begin(), bytes.end(), block.begin());
  compress(state, block, done + bytes.size(), Last::Yes);

  std::array<std::uint8_t, 8> digest;
  for (std::size_t i = 0; i < 8; ++i) digest[i] = static_cast<std::uint8_t>(state[0] >> (8 * i));
  return digest;
}

}  // namespace mercury::analysis
