#include "platform/terminal.h"

#include <gtest/gtest.h>

#include "null_streams.h"
#include "platform/place.h"

namespace mercury::platform {
namespace {

TEST(Terminal, IsNotTheNullDevice) {
  EXPECT_EQ(testing::with_null_streams([] {
              std::string text;
              for (const StandardStream s : {StandardStream::Input, StandardStream::Output, StandardStream::Error}) {
                text += is_terminal(s) ? "yes " : "no ";
              }
              return text + (terminal_size() ? "size " : "none ") + testing::outcome(RawKeys::enter());
            }),
            "no no no none no_terminal");
}

}  // namespace
}  // namespace mercury::platform
