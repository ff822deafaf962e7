#include "wire/frame.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <cstring>

#include "proto/limits.h"
#include "wire/bytes.h"

namespace mercury::wire {
namespace {

using base::Error;

std::int64_t length_max(std::uint8_t type, bool first) {
  if (first) return limits::hello_bytes_max;
  if (type == static_cast<std::uint8_t>(FrameType::Command)) return limits::command_bytes_max;
  if (type == static_cast<std::uint8_t>(FrameType::Report)) return limits::report_bytes_max;
  return limits::frame_bytes_max;
}

}  // namespace

std::string encode_frame(FrameType type, std::string_view payload, std::uint8_t flags) {
  assert(payload.size() <= static_cast<std::size_t>(limits::frame_bytes_max));
  std::string out;
  out.reserve(kFrameHeaderBytes + payload.size());
  put_u32(out, static_cast<std::uint32_t>(payload.size()));
  put_u8(out, static_cast<std::uint8_t>(type));
  put_u8(out, flags);
  put_u16(out, 0);
  out += payload;
  return out;
}

std::span<std::byte> FrameDecoder::prepare(std::size_t bytes) {
  if (begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (buffer_.size() - end_ < bytes) buffer_.resize(end_ + bytes);
  return {buffer_.data() + end_, bytes};
}

void FrameDecoder::commit(std::size_t bytes) {
  assert(end_ + bytes <= buffer_.size());
  end_ += bytes;
}

void FrameDecoder::append(std::span<const std::byte> bytes) {
  if (bytes.empty()) return;
  std::ranges::copy(bytes, prepare(bytes.size()).begin());
  commit(bytes.size());
}

base::Result<std::optional<Frame>> FrameDecoder::next() {
  if (end_ - begin_ < kFrameHeaderBytes) return std::optional<Frame>{};
  const std::byte* header = buffer_.data() + begin_;
  const auto length = get<std::uint32_t>(header);
  const auto type = get<std::uint8_t>(header + 4);
  const auto flags = get<std::uint8_t>(header + 5);
  if (const std::int64_t most = length_max(type, first_); length > most) {
    return Error{"frame_too_large", fmt::format("a frame of type {} says {} bytes, at most {} are allowed{}", type,
                                                length, most, first_ ? " before the handshake" : "")};
  }
  if ((flags & ~kFlagOptional) != 0) {
    return Error{"frame_flags_unknown", fmt::format("frame flags 0x{:02x}, protocol 1 knows only 0x01", flags)};
  }
  if (const auto reserved = get<std::uint16_t>(header + 6); reserved != 0) {
    return Error{"frame_reserved", fmt::format("the reserved field of a frame is {}, it must be 0", reserved)};
  }
  if ((type == 0 || type > kFrameTypeLast) && (flags & kFlagOptional) == 0) {
    return Error{"frame_type_unknown", fmt::format("frame type {}, protocol 1 knows 1 to {}", type, kFrameTypeLast)};
  }
  if (end_ - begin_ - kFrameHeaderBytes < length) return std::optional<Frame>{};
  first_ = false;
  begin_ += kFrameHeaderBytes + length;
  return std::optional<Frame>(Frame{type, flags, {header + kFrameHeaderBytes, length}});
}

}  // namespace mercury::wire
