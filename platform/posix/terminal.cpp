// How a terminal sends keys: a letter is a byte; an arrow is ESC [ A or ESC O A, which arrive together; the Escape
// key is ESC alone. So after an ESC the rest is waited for, but not for long. And select(), not poll(): on macOS poll()
// does not know /dev/tty.
#include "platform/terminal.h"

#include <sys/ioctl.h>
#include <sys/select.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "platform/posix/descriptor.h"

namespace mercury::platform {
namespace {

using namespace std::chrono_literals;

constexpr auto kSequenceGap = 50ms;
constexpr char kEscape = '\x1b';

int number_of(StandardStream stream) {
  switch (stream) {
    case StandardStream::Input: return STDIN_FILENO;
    case StandardStream::Output: return STDOUT_FILENO;
    case StandardStream::Error: return STDERR_FILENO;
  }
  return -1;
}

enum class Arrived { Byte, Nothing, Closed };

Arrived read_byte(std::chrono::milliseconds timeout, char& byte) {
  fd_set wanted;
  FD_ZERO(&wanted);
  FD_SET(STDIN_FILENO, &wanted);
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(timeout);
  timeval left{seconds.count(), static_cast<suseconds_t>(std::chrono::microseconds(timeout - seconds).count())};
  const int ready = ::select(STDIN_FILENO + 1, &wanted, nullptr, nullptr, &left);
  if (ready == 0 || (ready < 0 && errno == EINTR)) return Arrived::Nothing;
  if (ready < 0) return Arrived::Closed;
  const ssize_t count = ::read(STDIN_FILENO, &byte, 1);
  if (count == 1) return Arrived::Byte;
  return count < 0 && (errno == EINTR || errno == EAGAIN) ? Arrived::Nothing : Arrived::Closed;
}

// The rest of a sequence whose ESC was read. Its last byte is a letter or '~' (0x40 to 0x7e).
Key::Name read_sequence() {
  char byte = '\0';
  if (read_byte(kSequenceGap, byte) != Arrived::Byte) return Key::Name::Escape;
  if (byte != '[' && byte != 'O') return Key::Name::Other;
  do {
    if (read_byte(kSequenceGap, byte) != Arrived::Byte) return Key::Name::Other;
  } while (byte < 0x40 || byte > 0x7e);
  switch (byte) {
    case 'A': return Key::Name::Up;
    case 'B': return Key::Name::Down;
    case 'C': return Key::Name::Right;
    case 'D': return Key::Name::Left;
    default: return Key::Name::Other;
  }
}

}  // namespace

bool is_terminal(StandardStream stream) { return ::isatty(number_of(stream)) == 1; }

std::optional<TerminalSize> terminal_size() {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) return std::nullopt;
  return TerminalSize{size.ws_col, size.ws_row};
}

struct RawKeys::Saved {
  termios mode;
};

RawKeys::RawKeys(std::unique_ptr<Saved> saved) : saved_(std::move(saved)) {}
RawKeys::RawKeys(RawKeys&&) noexcept = default;

RawKeys::~RawKeys() {
  if (saved_) ::tcsetattr(STDIN_FILENO, TCSANOW, &saved_->mode);
}

base::Result<RawKeys> RawKeys::enter() {
  auto saved = std::make_unique<Saved>();
  if (::tcgetattr(STDIN_FILENO, &saved->mode) != 0) {
    return base::Error{"no_terminal", "standard input is no terminal, so keys cannot be read"};
  }
  termios raw = saved->mode;
  raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO | ISIG);
  raw.c_cc[VMIN] = 1;
  raw.c_cc[VTIME] = 0;
  if (::tcsetattr(STDIN_FILENO, TCSANOW, &raw) != 0) {
    return base::Error{"no_terminal", "the terminal refuses to hand over single keys: " + posix::reason(errno)};
  }
  return RawKeys(std::move(saved));
}

Key RawKeys::read(std::chrono::milliseconds timeout) {
  char byte = '\0';
  switch (read_byte(timeout, byte)) {
    case Arrived::Nothing: return {Key::Name::None};
    case Arrived::Closed: return {Key::Name::Closed};
    case Arrived::Byte: break;
  }
  if (byte == kEscape) return {read_sequence()};
  if (byte == '\x03' || byte == '\x04') return {Key::Name::Interrupt};
  return {Key::Name::Character, byte};
}

}  // namespace mercury::platform
