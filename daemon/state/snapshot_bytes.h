// The two archives of a snapshot's payload: one writes what the other reads. Only for snapshot_file.cpp.
//
// snapshot_file.cpp describes each struct once, as a template over the archive, so that writing and reading cannot
// drift apart. Integers are LEB128 varints (signed ones zigzag first), text is a length and its bytes, a list is a
// count and its elements.
//
// The Reader never throws and never goes past the end: after the first thing that does not fit, ok() is false, every
// value reads as 0 and every list as empty, and reason() says what and where.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace mercury::state {

inline constexpr std::int64_t kTimeMax = std::int64_t{1} << 61U;

class Writer {
 public:
  template <typename T>
  using Field = const T;

  void number(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_ += static_cast<char>(value | 0x80);
    bytes_ += static_cast<char>(value);
  }
  template <std::unsigned_integral T>
  void number(const T& value) {
    number(std::uint64_t{value});
  }
  template <std::signed_integral T>
  void number(const T& value) {
    const auto wide = static_cast<std::int64_t>(value);
    number((static_cast<std::uint64_t>(wide) << 1) ^ static_cast<std::uint64_t>(wide >> 63));
  }
  void time(const base::Time& value) { number(static_cast<std::int64_t>(value.time_since_epoch().count())); }
  void text(const std::string& value) {
    number(std::uint64_t{value.size()});
    bytes_ += value;
  }
  template <typename E>
  void choice(const E& value, E, E) {
    number(static_cast<std::uint64_t>(value));
  }
  template <typename E>
  void choice_or(const E& value, E, E, E) {
    number(static_cast<std::uint64_t>(value));
  }
  void index(const std::uint32_t& value, std::size_t) { number(value); }
  void index_or(const std::uint32_t& value, std::size_t, std::uint32_t) { number(value); }
  void require(bool, const char*) {}
  void flag(const bool& value) { number(std::uint64_t{value}); }
  template <typename T, typename Each>
  void optional(const std::optional<T>& value, Each each) {
    flag(value.has_value());
    if (value) each(*value);
  }
  template <typename T, typename Each>
  void list(const std::vector<T>& values, std::size_t, Each each) {
    number(std::uint64_t{values.size()});
    for (const T& value : values) each(value);
  }

  std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

class Reader {
 public:
  template <typename T>
  using Field = T;

  explicit Reader(std::string_view bytes) : rest_(bytes), size_(bytes.size()) {}

  template <std::unsigned_integral T>
  void number(T& value) {
    const std::uint64_t wide = varint();
    value = static_cast<T>(wide);
    require(value == wide, "a number is too large");
  }
  template <std::signed_integral T>
  void number(T& value) {
    const std::uint64_t zigzag = varint();
    const auto wide = static_cast<std::int64_t>((zigzag >> 1) ^ (~(zigzag & 1) + 1));
    value = static_cast<T>(wide);
    require(value == wide, "a number is too large");
  }
  void time(base::Time& value) {
    std::int64_t count = 0;
    number(count);
    // Differences of times must not overflow.
    require(count >= -kTimeMax && count <= kTimeMax, "a time is out of range");
    value = base::Time(base::Duration(count));
  }
  void text(std::string& value) {
    const std::uint64_t length = varint();
    require(length <= rest_.size(), "a text ends past the file");
    if (!ok()) return;
    value.assign(rest_.substr(0, static_cast<std::size_t>(length)));
    rest_.remove_prefix(static_cast<std::size_t>(length));
  }
  // An enumerator from `first` to `last`, which follow each other.
  template <typename E>
  void choice(E& value, E first, E last) {
    choice_or(value, first, last, first);
  }
  // The same, or `other`, which stands apart from them.
  template <typename E>
  void choice_or(E& value, E first, E last, E other) {
    const std::uint64_t wide = varint();
    const auto is = [wide](E one) { return wide == static_cast<std::uint64_t>(one); };
    const bool between = wide >= static_cast<std::uint64_t>(first) && wide <= static_cast<std::uint64_t>(last);
    require(between || is(other), "an enumerator is unknown");
    if (ok()) value = static_cast<E>(wide);
  }
  // An index into a list of `size` elements.
  void index(std::uint32_t& value, std::size_t size) {
    number(value);
    require(value < size, "an index points past its list");
  }
  // The same, or `none`.
  void index_or(std::uint32_t& value, std::size_t size, std::uint32_t none) {
    number(value);
    require(value < size || value == none, "an index points past its list");
  }
  void require(bool holds, const char* why) {
    if (holds || why_ != nullptr) return;
    why_ = why;
    where_ = size_ - rest_.size();
    rest_ = {};
  }
  void flag(bool& value) {
    const std::uint64_t wide = varint();
    require(wide <= 1, "a flag is neither 0 nor 1");
    value = wide == 1;
  }
  template <typename T, typename Each>
  void optional(std::optional<T>& value, Each each) {
    bool there = false;
    flag(there);
    if (there) each(value.emplace());
  }
  // `bytes_min`: what an element takes at least; it bounds what a lying count can make us allocate.
  template <typename T, typename Each>
  void list(std::vector<T>& values, std::size_t bytes_min, Each each) {
    const std::uint64_t count = varint();
    require(count <= rest_.size() / bytes_min, "a list ends past the file");
    for (std::uint64_t i = 0; ok() && i < count; ++i) each(values.emplace_back());
  }

  [[nodiscard]] bool ok() const { return why_ == nullptr; }
  [[nodiscard]] bool at_end() const { return rest_.empty(); }
  [[nodiscard]] std::string reason() const {
    return ok() ? std::string() : std::string(why_) + " (payload byte " + std::to_string(where_) + ")";
  }

 private:
  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (rest_.empty()) break;
      const auto byte = static_cast<unsigned char>(rest_.front());
      rest_.remove_prefix(1);
      const std::uint64_t part = byte & 0x7fU;
      if (shift == 63 && part > 1) break;
      value |= part << shift;
      if (byte < 0x80) return value;
    }
    require(false, "a number has no end");
    return 0;
  }

  std::string_view rest_;
  std::size_t size_;
  std::size_t where_ = 0;
  const char* why_ = nullptr;
};

}  // namespace mercury::state
