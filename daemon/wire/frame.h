// Frames without I/O: bytes from a stream in, whole frames out, in place.
//
//   FrameDecoder decoder;
//   std::span<std::byte> room = decoder.prepare(64 * 1024);   // read into it
//   decoder.commit(bytes_read);
//   for (;;) {
//     auto next = decoder.next();                              // Result<std::optional<Frame>>
//     if (!next) …error, the stream is unusable from here on…
//     if (!*next) break;                                       // a part of a frame: read more
//     use(**next);                                             // payload is valid until the next prepare()
//   }
//
// A length is checked against its limit as soon as the 8 header bytes are there, before anything waits for the
// payload or grows for it, so a peer can never make the buffer larger than one frame and one read. The first
// frame of a stream is held to hello_bytes_max. A type that is not known is passed on if it is `optional`
// (the caller skips it) and is an error otherwise.
//
// Ownership: the decoder owns its buffer. Threads: one at a time. Cost: one memmove of the unread tail per read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace mercury::wire {

enum class FrameType : std::uint8_t {
  Hello = 1,
  Welcome,
  Reject,
  Define,
  Batch,
  Unit,
  Dropped,
  Bye,
  Ack,
  Goaway,
  Error,
  Command,
  Reply,
  Report,
};
inline constexpr std::uint8_t kFrameTypeLast = 14;
inline constexpr std::uint8_t kFlagOptional = 1;
inline constexpr std::size_t kFrameHeaderBytes = 8;

struct Frame {
  std::uint8_t type = 0;  // may be unknown when flags has kFlagOptional
  std::uint8_t flags = 0;
  std::span<const std::byte> payload;

  [[nodiscard]] bool is(FrameType wanted) const { return type == static_cast<std::uint8_t>(wanted); }
  [[nodiscard]] std::string_view text() const {
    return {reinterpret_cast<const char*>(payload.data()), payload.size()};
  }
};

// The bytes of one frame. Precondition: the payload is at most frame_bytes_max long.
std::string encode_frame(FrameType type, std::string_view payload, std::uint8_t flags = 0);

class FrameDecoder {
 public:
  std::span<std::byte> prepare(std::size_t bytes);
  void commit(std::size_t bytes);
  // For bytes that already lie elsewhere (tests, replay): prepare, copy, commit.
  void append(std::span<const std::byte> bytes);
  base::Result<std::optional<Frame>> next();
  [[nodiscard]] std::size_t buffered() const { return end_ - begin_; }

 private:
  std::vector<std::byte> buffer_;
  std::size_t begin_ = 0;  // first unread byte
  std::size_t end_ = 0;    // one past the last received byte
  bool first_ = true;
};

}  // namespace mercury::wire
