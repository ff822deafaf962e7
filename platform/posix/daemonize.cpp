#include "platform/daemonize.h"

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <string>

#include "platform/posix/descriptor.h"
#include "platform/process.h"

namespace mercury::platform {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kReadyWithin{30};
constexpr int kInternal = 70;

base::Error io_error(const std::string& doing) { return {"io_error", doing + ": " + posix::reason(errno)}; }

void write_whole(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(descriptor, bytes.data(), bytes.size());
    if (count < 0 && errno != EINTR) return;  // nobody reads it: there is nobody to tell
    if (count > 0) bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

[[noreturn]] void leave(int exit_code, const std::string& sentence) {
  if (!sentence.empty()) write_whole(STDERR_FILENO, "mercuryd: " + sentence + "\n");
  ::_exit(exit_code);
}

// What comes through the pipe until it closes: one byte of exit code, then the sentence.
std::string read_report(int pipe) {
  std::string report;
  const Clock::time_point end = Clock::now() + kReadyWithin;
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now()).count();
    if (left <= 0) leave(kInternal, "the daemon did not get ready within 30 s; see its log");
    pollfd wanted{pipe, POLLIN, 0};
    if (::poll(&wanted, 1, static_cast<int>(left)) <= 0) continue;
    std::array<char, 1024> buffer{};
    const ssize_t count = ::read(pipe, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return report;
    report.append(buffer.data(), static_cast<std::size_t>(count));
  }
}

[[noreturn]] void wait_and_leave(int pipe, pid_t child) {
  while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
  const std::string report = read_report(pipe);
  if (report.empty()) leave(kInternal, "the daemon ended before it was ready; see its log");
  leave(static_cast<unsigned char>(report.front()), report.substr(1));
}

// A caller may have closed its standard streams; then the pipe would get one of their numbers and be taken for it.
void fill_standard_streams() {
  int opened = ::open("/dev/null", O_RDWR);
  while (opened >= 0 && opened <= STDERR_FILENO) opened = ::open("/dev/null", O_RDWR);
  if (opened >= 0) ::close(opened);
}

}  // namespace

base::Result<Readiness> daemonize() {
  fill_standard_streams();
  std::array<int, 2> ends{};
  if (::pipe(ends.data()) != 0) return io_error("cannot make a pipe");
  posix::Descriptor read_end(ends[0]);
  posix::Descriptor write_end(ends[1]);
  const pid_t child = ::fork();
  if (child < 0) return io_error("cannot fork");
  if (child > 0) {
    { const posix::Descriptor closed = std::move(write_end); }
    wait_and_leave(read_end.number(), child);
  }
  ::setsid();  // a Ctrl-C in the caller's terminal is not for the daemon
  const pid_t grandchild = ::fork();
  if (grandchild != 0) ::_exit(grandchild < 0 ? kInternal : 0);
  Readiness readiness(write_end.release());
  const int kept = ends[1];
  close_inherited_descriptors(std::span(&kept, 1));
  read_end.release();  // closed with the others
  if (base::Status detached = detach_from_parent(); !detached) {
    readiness.report(kInternal, detached.error().sentence);
    ::_exit(kInternal);
  }
  return readiness;
}

Readiness::~Readiness() {
  if (handle_ >= 0) ::close(static_cast<int>(handle_));
}

void Readiness::report(std::uint8_t exit_code, std::string_view sentence) {
  const posix::Descriptor pipe(static_cast<int>(std::exchange(handle_, -1)));
  if (pipe) write_whole(pipe.number(), std::string(1, static_cast<char>(exit_code)) + std::string(sentence));
}

}  // namespace mercury::platform
