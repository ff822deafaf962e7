// What only Unix has: systemd, which is told in datagrams.
#include "platform/service.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <charconv>
#include <cstring>
#include <ctime>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "world.h"

namespace mercury::platform {
namespace {

using namespace std::chrono_literals;
using testing::in_child;
using testing::TemporaryDirectory;

// systemd's end: a bound datagram socket, at a path or (first byte '@') at an abstract name.
class Manager {
 public:
  explicit Manager(const std::string& name) : name_(name) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, name.data(), name.size());
    if (name.front() == '@') address.sun_path[0] = '\0';
    const auto bytes = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    socket_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    EXPECT_EQ(::bind(socket_, reinterpret_cast<const sockaddr*>(&address), bytes), 0) << name;
  }
  Manager(const Manager&) = delete;
  Manager& operator=(const Manager&) = delete;
  ~Manager() { ::close(socket_); }

  // What has come, one text a datagram.
  std::vector<std::string> heard() {
    std::vector<std::string> texts;
    std::array<char, 4096> buffer{};
    for (ssize_t count = 0; (count = ::recv(socket_, buffer.data(), buffer.size(), MSG_DONTWAIT)) >= 0;) {
      texts.emplace_back(buffer.data(), static_cast<std::size_t>(count));
    }
    return texts;
  }
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  std::string name_;
  int socket_ = -1;
};

// The variables of a service for as long as this lives; those of the surroundings never get in.
class Variables {
 public:
  explicit Variables(const std::vector<std::pair<std::string, std::string>>& set) {
    clear();
    for (const auto& [name, value] : set) ::setenv(name.c_str(), value.c_str(), 1);
  }
  Variables(const Variables&) = delete;
  Variables& operator=(const Variables&) = delete;
  ~Variables() { clear(); }

 private:
  static void clear() {
    for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "JOURNAL_STREAM"}) ::unsetenv(name);
  }
};

std::vector<std::string> all_that_can_be_said(Manager& manager) {
  const Variables variables({{"NOTIFY_SOCKET", manager.name()}});
  ServiceLink link = ServiceLink::from_environment();
  EXPECT_TRUE(link.exists());
  link.ready("serving unix:///run/mercury/mercuryd.sock");
  link.status("one\nline");
  link.alive();
  link.stopping();
  return manager.heard();
}

const std::vector<std::string> kSaid{"READY=1\nSTATUS=serving unix:///run/mercury/mercuryd.sock", "STATUS=one line",
                                     "WATCHDOG=1", "STOPPING=1"};

TEST(ServiceLink, TellsAManagerAtAPath) {
  const TemporaryDirectory place;
  Manager manager(place / "notify");
  EXPECT_EQ(all_that_can_be_said(manager), kSaid);
}

TEST(ServiceLink, TellsAManagerAtAnAbstractName) {
  Manager manager("@mercury-test-" + std::to_string(::getpid()));
  EXPECT_EQ(all_that_can_be_said(manager), kSaid);
}

TEST(ServiceLink, SaysWhenTheReloadBeganOnTheManagersClock) {
  const TemporaryDirectory place;
  Manager manager(place / "notify");
  const Variables variables({{"NOTIFY_SOCKET", manager.name()}});
  ServiceLink link = ServiceLink::from_environment();
  const auto now_usec = [] {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<std::int64_t>(now.tv_sec) * 1'000'000 + now.tv_nsec / 1000;
  };
  const std::int64_t before = now_usec();
  link.reloading();
  const std::int64_t after = now_usec();
  const std::vector<std::string> heard = manager.heard();
  ASSERT_EQ(heard.size(), 1U);
  const std::string begins = "RELOADING=1\nMONOTONIC_USEC=";
  ASSERT_EQ(heard[0].substr(0, begins.size()), begins);
  std::int64_t usec = 0;
  const auto [end, error] = std::from_chars(heard[0].data() + begins.size(), heard[0].data() + heard[0].size(), usec);
  EXPECT_EQ(error, std::errc());
  EXPECT_EQ(end, heard[0].data() + heard[0].size());
  EXPECT_GE(usec, before);
  EXPECT_LE(usec, after);
}

TEST(ServiceLink, TakesItsVariablesOutOfTheEnvironment) {
  const TemporaryDirectory place;
  const Manager manager(place / "notify");
  const Variables variables({{"NOTIFY_SOCKET", manager.name()}, {"WATCHDOG_USEC", "1000000"}, {"WATCHDOG_PID", "1"}});
  const ServiceLink link = ServiceLink::from_environment();
  for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) EXPECT_EQ(std::getenv(name), nullptr);
  EXPECT_FALSE(ServiceLink::from_environment().exists());
}

TEST(ServiceLink, WithoutAManagerSaysNothingAndFailsNothing) {
  const std::string long_name = "/" + std::string(sizeof(sockaddr_un::sun_path), 'x');
  for (const std::string& name : {std::string(), std::string("@"), std::string("relative"), std::string("vsock:2:1"),
                                  std::string("/no/such/socket"), long_name}) {
    const Variables variables({{"NOTIFY_SOCKET", name}, {"WATCHDOG_USEC", "1000000"}});
    ServiceLink link = ServiceLink::from_environment();
    EXPECT_FALSE(link.exists()) << name;
    EXPECT_EQ(link.watchdog(), std::nullopt) << name;
    link.ready("x");
    link.reloading();
    link.status("x");
    link.alive();
    link.stopping();
    link.on_stop([] {});
  }
}

TEST(ServiceLink, IsAliveTwiceAsOftenAsTheWatchdogLooks) {
  const TemporaryDirectory place;
  const Manager manager(place / "notify");
  const std::string self = std::to_string(::getpid());
  const std::string other = std::to_string(::getppid());
  using Milliseconds = std::optional<std::chrono::milliseconds>;
  struct Row {
    std::string usec, pid;
    Milliseconds expected;
  };
  for (const Row& row : {Row{"30000000", self, 15000ms}, Row{"30000000", "", 15000ms}, Row{"3000000", self, 1500ms},
                         Row{"1", self, 1ms}, Row{"30000000", other, std::nullopt}, Row{"0", self, std::nullopt},
                         Row{"", self, std::nullopt}, Row{"30s", self, std::nullopt}, Row{"-1", self, std::nullopt}}) {
    const Variables variables(
        {{"NOTIFY_SOCKET", manager.name()}, {"WATCHDOG_USEC", row.usec}, {"WATCHDOG_PID", row.pid}});
    EXPECT_EQ(ServiceLink::from_environment().watchdog(), row.expected) << row.usec << " for " << row.pid;
  }
}

TEST(ServiceLink, DoesNotWaitToSayThatItLivesAndWaitsALittleToSayWhatMatters) {
  const TemporaryDirectory place;
  Manager manager(place / "notify");
  const Variables variables({{"NOTIFY_SOCKET", manager.name()}});
  ServiceLink link = ServiceLink::from_environment();
  for (int i = 0; i < 10'000; ++i) link.alive();  // more than any queue holds: it returns all the same
  const std::size_t heard = manager.heard().size();
  EXPECT_GT(heard, 0U);
  EXPECT_LT(heard, 10'000U);
  for (int i = 0; i < 10'000; ++i) link.alive();
  // Whoever reads a little later still hears it.
  const pid_t parent = ::getpid();
  EXPECT_EQ(in_child([&] {
              link.stopping();
              return std::string(::getpid() == parent ? "parent" : "said or gave up");
            }),
            "said or gave up");
  EXPECT_EQ(manager.heard().back(), "WATCHDOG=1") << "nobody read within its patience";
  link.stopping();
  EXPECT_EQ(manager.heard(), std::vector<std::string>{"STOPPING=1"});
}

TEST(ServiceLink, IsMovedWithAllThatItKnows) {
  const TemporaryDirectory place;
  Manager manager(place / "notify");
  const Variables variables({{"NOTIFY_SOCKET", manager.name()}, {"WATCHDOG_USEC", "8000000"}});
  ServiceLink first = ServiceLink::from_environment();
  ServiceLink second(std::move(first));
  ServiceLink third;
  third = std::move(second);
  third.alive();
  EXPECT_EQ(third.watchdog(), 4000ms);
  EXPECT_EQ(manager.heard(), std::vector<std::string>{"WATCHDOG=1"});
  third = ServiceLink();
  EXPECT_FALSE(third.exists());
  EXPECT_EQ(third.watchdog(), std::nullopt);
}

TEST(ServiceLink, KnowsWhetherStandardErrorIsTheJournal) {
  const auto journal = [](const std::function<std::string()>& stream) {
    return in_child([&stream] {
      const Variables variables({{"JOURNAL_STREAM", stream()}});
      return std::string(ServiceLink::from_environment().log_is_journal() ? "journal" : "other");
    });
  };
  const auto of = [](int number, std::uint64_t more) {
    struct stat facts {};
    ::fstat(number, &facts);
    return std::to_string(facts.st_dev) + ":" + std::to_string(facts.st_ino + more);
  };
  EXPECT_EQ(journal([&] { return of(STDERR_FILENO, 0); }), "journal");
  EXPECT_EQ(journal([&] { return of(STDERR_FILENO, 1); }), "other");
  EXPECT_EQ(journal([] { return std::string(); }), "other");
  EXPECT_EQ(journal([] { return std::string("nonsense"); }), "other");
  EXPECT_EQ(in_child([&] {
              const Variables variables({{"JOURNAL_STREAM", of(STDERR_FILENO, 0)}});
              std::array<int, 2> pipe{};
              if (::pipe(pipe.data()) != 0 || ::dup2(pipe[1], STDERR_FILENO) < 0) return std::string("no pipe");
              return std::string(ServiceLink::from_environment().log_is_journal() ? "journal" : "other");
            }),
            "other")
      << "a shell has sent standard error into a file";
}

}  // namespace
}  // namespace mercury::platform
