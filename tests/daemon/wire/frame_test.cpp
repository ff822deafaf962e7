#include "wire/frame.h"

#include <gtest/gtest.h>

#include <span>
#include <string>

#include "proto/limits.h"
#include "wire/bytes.h"
#include "wire/messages.h"

namespace mercury::wire {
namespace {

std::span<const std::byte> as_span(const std::string& text) { return std::as_bytes(std::span(text)); }

// A header alone: what a peer may send before anything is allocated for it.
std::string header(std::uint32_t length, std::uint8_t type) {
  std::string out;
  put_u32(out, length);
  put_u8(out, type);
  put_u8(out, 0);
  put_u16(out, 0);
  return out;
}

TEST(FrameDecoder, KeepsAPartialFrameUntilTheRestArrives) {
  const std::string frame = encode_frame(FrameType::Hello, "abcdef");
  FrameDecoder decoder;
  decoder.append(as_span(frame.substr(0, 10)));
  auto next = decoder.next();
  ASSERT_TRUE(next);
  EXPECT_FALSE(*next);
  EXPECT_EQ(decoder.buffered(), 10U);
  const std::string rest = frame.substr(10);
  decoder.append(as_span(rest));
  next = decoder.next();
  ASSERT_TRUE(next);
  ASSERT_TRUE(*next);
  EXPECT_EQ((*next)->text(), "abcdef");
  EXPECT_EQ(decoder.buffered(), 0U);
}

TEST(FrameDecoder, ChecksALengthBeforeItWaitsForThePayload) {
  struct Case {
    bool first;
    std::uint8_t type;
    std::int64_t max;
  };
  for (const Case& at : {Case{true, 1, limits::hello_bytes_max}, Case{false, 6, limits::frame_bytes_max},
                         Case{false, 12, limits::command_bytes_max}}) {
    for (const bool over : {false, true}) {
      FrameDecoder decoder;
      if (!at.first) {
        const std::string hello = encode_frame(FrameType::Hello, "");
        decoder.append(as_span(hello));
        ASSERT_TRUE(*decoder.next());
      }
      const std::string bytes = header(static_cast<std::uint32_t>(at.max + (over ? 1 : 0)), at.type);
      decoder.append(as_span(bytes));
      auto next = decoder.next();
      EXPECT_EQ(static_cast<bool>(next), !over) << "type " << int{at.type};
      if (over) {
        EXPECT_EQ(next.error().code, "frame_too_large");
        EXPECT_NE(next.error().sentence.find(std::to_string(at.max)), std::string::npos) << next.error().sentence;
      }
    }
  }
}

TEST(Messages, WhatIsEncodedIsReadBack) {
  Hello hello;
  hello.protocol_min = 1;
  hello.protocol_max = 3;
  hello.incarnation = "00112233445566778899aabbccddeeff";
  hello.next_unit = 12;
  hello.created = 11;
  hello.dropped[0] = 4;
  hello.service = "shop";
  const std::string bytes = encode_hello(hello);
  auto read = decode_hello(std::string_view(bytes).substr(kFrameHeaderBytes));
  ASSERT_TRUE(read) << read.error().sentence;
  EXPECT_EQ(read->protocol_max, 3);
  EXPECT_EQ(read->next_unit, 12U);
  EXPECT_EQ(read->dropped, hello.dropped);
  EXPECT_EQ(read->service, "shop");
}

TEST(Messages, ALongLabelIsCut) {
  auto read = decode_hello(R"({"protocol":{"min":1,"max":1},"service":")" + std::string(500, 'x') + "\"}");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->service, std::string(128, 'x'));
}

}  // namespace
}  // namespace mercury::wire
