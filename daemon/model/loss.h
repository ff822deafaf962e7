// What became of the numbered frames of one client: PROTOCOL.md §6.
//
// The invariant, at every moment and in total: created = acknowledged + Σ dropped + buffered.
// `created` and `dropped` are the client's word (cumulative), `folded` is the daemon's own count; `buffered` is
// what remains. Plain values; sums of clients are made with `+=`.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace mercury::model {

enum class DropReason : std::uint16_t { BufferFull = 1, Rejected, TooLarge, EncodeFailed, Exit, Disabled };
inline constexpr std::size_t kDropReasons = 6;
std::string_view name_of(DropReason reason);

struct Loss {
  std::uint64_t created = 0;
  std::uint64_t folded = 0;                           // received and counted, each number once
  std::uint64_t duplicates = 0;                       // numbers seen before, ignored
  std::uint64_t lost_in_restart = 0;                  // acknowledged by a daemon that died with them
  std::array<std::uint64_t, kDropReasons> dropped{};  // index: reason − 1

  [[nodiscard]] std::uint64_t acknowledged() const { return folded + lost_in_restart; }
  [[nodiscard]] std::uint64_t dropped_total() const {
    std::uint64_t sum = 0;
    for (const std::uint64_t count : dropped) sum += count;
    return sum;
  }
  [[nodiscard]] std::uint64_t buffered() const {
    const std::uint64_t gone = acknowledged() + dropped_total();
    return created > gone ? created - gone : 0;
  }
  Loss& operator+=(const Loss& other) {
    created += other.created;
    folded += other.folded;
    duplicates += other.duplicates;
    lost_in_restart += other.lost_in_restart;
    for (std::size_t i = 0; i < kDropReasons; ++i) dropped[i] += other.dropped[i];
    return *this;
  }
  bool operator==(const Loss&) const = default;
};

}  // namespace mercury::model
