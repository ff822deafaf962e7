// Tracing on Windows: the bytes of events that describe themselves, and what can be called without a listener. Wine
// takes all of it and keeps none, so that only a Windows can tell whether its tools read it.
#include "platform/trace.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "platform/windows/event.h"

namespace mercury::platform {
namespace {

using windows::event_metadata;
using windows::FieldType;
using windows::provider_metadata;
using windows::value_of;

// Written by hand from the description of the format in TraceLoggingProvider.h.
TEST(Event, IsDescribedByTheBytesOfTraceLogging) {
  EXPECT_EQ(provider_metadata("mercuryd"), std::string("\x0b\x00mercuryd\x00", 11));
  constexpr char kFinding[] =
      "\x1f\x00\x00"
      "Finding\x00"
      "Kind\x00\x01"
      "Route\x00\x01"
      "Count\x00\x0a";
  EXPECT_EQ(
      event_metadata("Finding", {{"Kind", FieldType::Text}, {"Route", FieldType::Text}, {"Count", FieldType::Number}}),
      std::string(kFinding, sizeof kFinding - 1));
  EXPECT_EQ(event_metadata("Long", {{std::string(300, 'x'), FieldType::Number}}).substr(0, 2), "\x36\x01");
}

TEST(Event, IsWrittenBehindItsDescription) {
  const std::string provider = provider_metadata("mercuryd");
  const std::string event = event_metadata("State", {{"State", FieldType::Text}, {"N", FieldType::Number}});
  const std::wstring text = L"größe";
  const std::uint64_t number = 7;
  const auto data = windows::data(provider, event, {value_of(text), value_of(number)});
  ASSERT_EQ(data.size(), 4U);
  const auto bytes = [&](std::size_t index) {
    return std::string(reinterpret_cast<const char*>(static_cast<std::uintptr_t>(data[index].Ptr)), data[index].Size);
  };
  EXPECT_EQ(bytes(0), provider);
  EXPECT_EQ(data[0].Reserved, 2U);  // EVENT_DATA_DESCRIPTOR_TYPE_PROVIDER_METADATA
  EXPECT_EQ(bytes(1), event);
  EXPECT_EQ(data[1].Reserved, 1U);  // EVENT_DATA_DESCRIPTOR_TYPE_EVENT_METADATA
  EXPECT_EQ(bytes(2), std::string("g\0r\0\xf6\0\xdf\0e\0\0\0", 12));
  EXPECT_EQ(bytes(3), std::string("\x07\0\0\0\0\0\0\0", 8));
  EXPECT_EQ(data[2].Reserved + data[3].Reserved, 0U);
}

TEST(Event, IsTakenByTheSystem) {
  constexpr GUID kSome{0x5a2c1f6e, 0x7b1d, 0x5c7e, {0x91, 0x21, 0x3b, 0x5f, 0x0c, 0x11, 0x84, 0x66}};
  REGHANDLE handle = 0;
  ASSERT_EQ(::EventRegister(&kSome, nullptr, nullptr, &handle), ULONG{ERROR_SUCCESS});
  EXPECT_NE(handle, 0U);
  const std::string provider = provider_metadata("test");
  const std::string event = event_metadata("Unit", {{"Queries", FieldType::Number}});
  const std::uint64_t queries = 3;
  auto data = windows::data(provider, event, {value_of(queries)});
  const EVENT_DESCRIPTOR descriptor{0, 0, 11, 4, 0, 0, 1};
  EXPECT_EQ(::EventWriteTransfer(handle, &descriptor, nullptr, nullptr, static_cast<ULONG>(data.size()), data.data()),
            ULONG{ERROR_SUCCESS});
  EXPECT_EQ(::EventUnregister(handle), ULONG{ERROR_SUCCESS});
}

TEST(Trace, IsQuietWithoutAListener) {
  const Trace one;
  const Trace other;  // two in a process do not mind each other
  for (const Trace* trace : {&one, &other}) {
    trace->state("ready");
    trace->finding("n_plus_one", "books/", 31);
    trace->unit("books/", 1'000'000, 32, 1);
  }
}

}  // namespace
}  // namespace mercury::platform
