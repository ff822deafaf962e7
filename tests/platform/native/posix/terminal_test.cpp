// What only Unix has: a terminal that a test can make and type at, bytes for keys, and a mode with flags.
#include "platform/terminal.h"

#include <gtest/gtest.h>
#include <sys/ioctl.h>
#include <termios.h>

#include <vector>

#include "world.h"

namespace mercury::platform {
namespace {

using namespace std::chrono_literals;
using testing::in_child;

// Runs `body` in a child whose standard input and output are a new terminal; `body` gets the other end, which is the
// user's keyboard.
std::string at_terminal(const std::function<std::string(int keyboard)>& body) {
  return in_child([&]() -> std::string {
    const int keyboard = ::posix_openpt(O_RDWR | O_NOCTTY);
    if (keyboard < 0 || ::grantpt(keyboard) != 0 || ::unlockpt(keyboard) != 0) return "no terminal to be had";
    std::array<char, 64> name{};
    if (::ptsname_r(keyboard, name.data(), name.size()) != 0) return "no name";
    const int terminal = ::open(name.data(), O_RDWR | O_NOCTTY);
    if (::dup2(terminal, STDIN_FILENO) < 0 || ::dup2(terminal, STDOUT_FILENO) < 0) return "no dup";
    ::close(terminal);
    return body(keyboard);
  });
}

std::string show(const Key& key) {
  constexpr const char* kNames[] = {"none",  "char", "up",        "down",  "left",
                                    "right", "esc",  "interrupt", "other", "closed"};
  const std::string name = kNames[static_cast<int>(key.name)];
  return key.name == Key::Name::Character ? name + ":" + key.character : name;
}

// What RawKeys makes of `typed`, up to and without the first None.
std::string keys_of(const std::string& typed) {
  return at_terminal([&](int keyboard) -> std::string {
    base::Result<RawKeys> keys = RawKeys::enter();
    if (!keys) return keys.error().sentence;
    if (::write(keyboard, typed.data(), typed.size()) < 0) return "not typed";
    std::string seen;
    for (Key key = keys->read(2000ms); key.name != Key::Name::None; key = keys->read(0ms)) seen += show(key) + " ";
    return seen;
  });
}

TEST(Terminal, ReadsKeysOneByOne) {
  struct Row {
    const char* typed;
    const char* keys;
  };
  const std::vector<Row> rows{
      {"q", "char:q "},
      {"ab", "char:a char:b "},
      {"\x1b[A\x1b[B\x1b[C\x1b[D", "up down right left "},
      {"\x1bOA\x1bOB", "up down "},
      {"\x1b", "esc "},
      {"\x1b[5~q", "other char:q "},
      {"\x1b[1;5Cq", "right char:q "},
      {"\x1bx", "other "},
      {"\x03", "interrupt "},
      {"\x04", "interrupt "},
  };
  for (const Row& row : rows) EXPECT_EQ(keys_of(row.typed), row.keys);
}

TEST(Terminal, SaysNoneWhenNothingIsPressedAndClosedWhenItIsGone) {
  EXPECT_EQ(at_terminal([](int keyboard) -> std::string {
              base::Result<RawKeys> keys = RawKeys::enter();
              if (!keys) return keys.error().sentence;
              const std::string before = show(keys->read(0ms));
              ::close(keyboard);
              return before + " " + show(keys->read(2000ms));
            }),
            "none closed");
}

TEST(Terminal, GetsItsOldModeBack) {
  EXPECT_EQ(at_terminal([](int) -> std::string {
              termios before{};
              termios during{};
              termios after{};
              ::tcgetattr(STDIN_FILENO, &before);
              {
                base::Result<RawKeys> keys = RawKeys::enter();
                if (!keys) return keys.error().sentence;
                const RawKeys moved = std::move(*keys);
                ::tcgetattr(STDIN_FILENO, &during);
              }
              ::tcgetattr(STDIN_FILENO, &after);
              constexpr tcflag_t kCooked = ICANON | ECHO | ISIG;
              return std::to_string((before.c_lflag & kCooked) == kCooked) +
                     std::to_string((during.c_lflag & kCooked) == 0) + std::to_string(after.c_lflag == before.c_lflag);
            }),
            "111");
}

TEST(Terminal, KnowsItsSizeAndThatItIsOne) {
  EXPECT_EQ(at_terminal([](int keyboard) -> std::string {
              const bool unknown = !terminal_size().has_value();  // a new one has 0 columns
              const winsize size{50, 132, 0, 0};
              ::ioctl(keyboard, TIOCSWINSZ, &size);
              const std::optional<TerminalSize> now = terminal_size();
              if (!now) return "no size";
              return std::to_string(unknown) + " " + std::to_string(now->columns) + "x" + std::to_string(now->rows) +
                     (is_terminal(StandardStream::Input) && is_terminal(StandardStream::Output) ? " yes" : " no");
            }),
            "1 132x50 yes");
}

}  // namespace
}  // namespace mercury::platform
