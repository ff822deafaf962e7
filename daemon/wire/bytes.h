// Little-endian integers to and from bytes, and a reader that never runs past its end.
//
//   ByteReader in(payload);
//   auto id = in.take<std::uint32_t>();
//   auto name = in.take_text(in.take<std::uint16_t>());
//   if (in.failed()) …the payload was shorter than it said…
//
// After the first read past the end every read gives zero or empty and failed() stays true, so a caller checks
// once. Plain functions; no allocation but in put_*.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

namespace mercury::wire {

template <std::integral T>
T get(const std::byte* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

template <std::integral T>
void put(std::string& out, T value) {
  char bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);
  out.append(bytes, sizeof value);
}
inline void put_u8(std::string& out, std::uint8_t value) { put(out, value); }
inline void put_u16(std::string& out, std::uint16_t value) { put(out, value); }
inline void put_u32(std::string& out, std::uint32_t value) { put(out, value); }
inline void put_u64(std::string& out, std::uint64_t value) { put(out, value); }

class ByteReader {
 public:
  explicit ByteReader(std::span<const std::byte> bytes) : bytes_(bytes) {}

  template <std::integral T>
  T take() {
    if (bytes_.size() < sizeof(T)) return fail(), T{};
    const T value = get<T>(bytes_.data());
    bytes_ = bytes_.subspan(sizeof(T));
    return value;
  }
  std::span<const std::byte> take_bytes(std::size_t count) {
    if (bytes_.size() < count) return fail(), std::span<const std::byte>{};
    const auto taken = bytes_.first(count);
    bytes_ = bytes_.subspan(count);
    return taken;
  }
  std::string_view take_text(std::size_t count) {
    const auto taken = take_bytes(count);
    return {reinterpret_cast<const char*>(taken.data()), taken.size()};
  }
  std::string_view take_str16() { return take_text(take<std::uint16_t>()); }
  [[nodiscard]] std::size_t left() const { return bytes_.size(); }
  [[nodiscard]] bool failed() const { return failed_; }

 private:
  void fail() {
    failed_ = true;
    bytes_ = {};
  }
  std::span<const std::byte> bytes_;
  bool failed_ = false;
};

}  // namespace mercury::wire
