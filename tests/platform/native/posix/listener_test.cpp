// What only a Unix socket has: its file with a mode and an owner, the lock beside it, and systemd, which hands one
// over.
#include "platform/listener.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <csignal>
#include <cstring>
#include <fstream>

#include "platform/connection.h"
#include "world.h"

namespace mercury::platform {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;
using Kind = ListenOptions::Kind;
using testing::exists;
using testing::in_child;
using testing::kNobody;
using testing::mode_of;
using testing::outcome;
using testing::sentence;
using testing::TemporaryDirectory;
using testing::we_are_root;

base::Result<Listener> listen_at(boost::asio::io_context& io, const std::string& path, Kind kind = Kind::Private) {
  return testing::listen_at(io, Address{path}, kind);
}

// A listening socket made without the code under test.
int bare_socket(const std::string& path, int backlog = 16) {
  const int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  std::strncpy(name.sun_path, path.c_str(), sizeof name.sun_path - 1);
  const bool bound = ::bind(socket, reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0;
  return bound && ::listen(socket, backlog) == 0 ? socket : -1;
}

TEST(Listener, MakesItsDirectoryAndHidesItsDescriptorsFromChildren) {
  const TemporaryDirectory place;
  boost::asio::io_context io;
  base::Result<Listener> listener = listen_at(io, place / "mercury/mercuryd-1.sock");
  ASSERT_EQ(sentence(listener), "ok");
  EXPECT_EQ(mode_of(place / "mercury"), 0700U);
  EXPECT_EQ(mode_of(place / "mercury/mercuryd-1.sock"), 0600U);
  EXPECT_TRUE(exists(place / "mercury/mercuryd-1.sock.lock"));
  EXPECT_FALSE(listener->inherited());
  int flags = -1;
  listener->acceptor().async_accept([&](boost::system::error_code error, Stream stream) {
    ASSERT_FALSE(error) << error.message();
    hide_from_children(stream);
    flags = ::fcntl(stream.native_handle(), F_GETFD);
  });
  const base::Result<ClientStream> client = ClientStream::connect(listener->address(), 1000ms, Expect::OwnUser);
  ASSERT_EQ(sentence(client), "ok");
  EXPECT_EQ(io.run_for(5s), 1U);
  EXPECT_NE(flags & FD_CLOEXEC, 0);
  EXPECT_NE(::fcntl(listener->acceptor().native_handle(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST(Listener, GivesTheSocketTheModeOfItsKind) {
  struct Row {
    Kind kind;
    std::optional<std::uint32_t> mode;
    mode_t expected;
  };
  for (const Row& row : {Row{Kind::Private, {}, 0600}, Row{Kind::Named, {}, 0600}, Row{Kind::System, {}, 0666},
                         Row{Kind::System, 0660, 0660}}) {
    for (const mode_t umask : {0U, 0777U}) {
      const TemporaryDirectory place;
      EXPECT_EQ(in_child([&] {
                  ::umask(umask);
                  boost::asio::io_context io;
                  const base::Result<Listener> listener = Listener::open(io.get_executor(), Address{place / "m.sock"},
                                                                         ListenOptions{row.kind, row.mode, 16});
                  return listener ? testing::mode_of(place / "m.sock") == row.expected ? "as expected" : "other mode"
                                  : listener.error().sentence;
                }),
                "as expected")
          << std::oct << row.expected << " umask " << umask;
    }
  }
}

TEST(Listener, ReplacesTheSocketOfADaemonThatWasKilled) {
  const TemporaryDirectory place;
  const pid_t daemon = ::fork();
  if (daemon == 0) {
    boost::asio::io_context io;
    const base::Result<Listener> listener = listen_at(io, place / "m.sock");
    ::raise(SIGKILL);
  }
  ASSERT_EQ(::waitpid(daemon, nullptr, 0), daemon);
  ASSERT_TRUE(exists(place / "m.sock"));
  ASSERT_TRUE(exists(place / "m.sock.lock"));
  boost::asio::io_context io;
  const base::Result<Listener> listener = listen_at(io, place / "m.sock");
  ASSERT_EQ(sentence(listener), "ok");
  EXPECT_TRUE(listener->still_ours());
  EXPECT_EQ(outcome(ClientStream::connect(Address{place / "m.sock"}, 100ms, Expect::OwnUser)), "ok");
}

TEST(Listener, NeverRemovesWhatIsNoSocket) {
  const TemporaryDirectory place;
  boost::asio::io_context io;
  std::ofstream(place / "file") << "mine";
  ASSERT_EQ(::mkdir((place / "directory").c_str(), 0700), 0);
  ASSERT_EQ(::symlink((place / "file").c_str(), (place / "link").c_str()), 0);
  for (const char* name : {"file", "directory", "link"}) {
    const base::Result<Listener> listener = listen_at(io, place / name);
    EXPECT_EQ(outcome(listener), "not_a_socket") << name;
    EXPECT_THAT(sentence(listener), AllOf(HasSubstr(place / name), HasSubstr("owner "), HasSubstr("mode 0")));
    EXPECT_TRUE(exists(place / name)) << name;
    EXPECT_FALSE(exists(place / std::string(name) + ".lock")) << name;
  }
}

TEST(Listener, RefusesTheDeadSocketOfAnotherUser) {
  const TemporaryDirectory place;
  const std::string path = place / "m.sock";
  ::close(bare_socket(path));
  boost::asio::io_context io;
  if (!we_are_root()) {
    EXPECT_EQ(outcome(listen_at(io, path)), "ok") << "it is our own";
    return;
  }
  ASSERT_EQ(::chown(path.c_str(), kNobody, kNobody), 0);
  const base::Result<Listener> listener = listen_at(io, path);
  EXPECT_EQ(outcome(listener), "foreign_owner");
  EXPECT_THAT(sentence(listener), AllOf(HasSubstr(path), HasSubstr("uid 65534"), HasSubstr("runs as")));
  EXPECT_TRUE(exists(path));
}

TEST(Listener, KnowsWhenItsFileIsGoneOrReplacedAndKeepsItsHandsOff) {
  const TemporaryDirectory place;
  const std::string path = place / "m.sock";
  boost::asio::io_context io;
  base::Result<Listener> listener = listen_at(io, path);
  ASSERT_EQ(sentence(listener), "ok");
  ASSERT_TRUE(listener->still_ours());
  ::unlink(path.c_str());
  EXPECT_FALSE(listener->still_ours());
  const int other = bare_socket(path);
  ASSERT_GE(other, 0);
  EXPECT_FALSE(listener->still_ours());
  listener->close();
  EXPECT_TRUE(exists(path)) << "another daemon's socket";
  ::close(other);
}

TEST(Listener, WantsADirectoryThatStrangersCannotChange) {
  const TemporaryDirectory place;
  boost::asio::io_context io;
  ASSERT_EQ(::mkdir((place / "open").c_str(), 0700), 0);
  ASSERT_EQ(::chmod((place / "open").c_str(), 0777), 0);
  EXPECT_EQ(outcome(listen_at(io, place / "open/m.sock")), "unsafe_mode");
  EXPECT_EQ(outcome(listen_at(io, place / "open/m.sock", Kind::Named)), "unsafe_mode");
  ASSERT_EQ(::chmod((place / "open").c_str(), 0755), 0);
  EXPECT_EQ(outcome(listen_at(io, place / "open/m.sock")), "unsafe_mode");
  EXPECT_EQ(outcome(listen_at(io, place / "open/m.sock", Kind::Named)), "ok");
  EXPECT_EQ(outcome(listen_at(io, place / "absent/mercury/m.sock")), "missing_directory");
}

TEST(Listener, BindsAPathOf103BytesAndRefusesOneOf104) {
  const TemporaryDirectory place;
  boost::asio::io_context io;
  const std::string fits = place / std::string(kAddressBytesMax - place.path().size() - 1, 's');
  ASSERT_EQ(fits.size(), kAddressBytesMax);
  {
    const base::Result<Listener> listener = listen_at(io, fits);
    ASSERT_EQ(sentence(listener), "ok");
    EXPECT_EQ(outcome(ClientStream::connect(Address{fits}, 100ms, Expect::OwnUser)), "ok");
  }
  const base::Result<Listener> listener = listen_at(io, fits + "s");
  EXPECT_EQ(outcome(listener), "bad_address");
  EXPECT_THAT(sentence(listener), AllOf(HasSubstr("104 bytes"), HasSubstr("1 to 103")));
  EXPECT_EQ(outcome(ClientStream::connect(Address{fits + "s"}, 100ms, Expect::OwnUser)), "bad_address");
}

// In a child whose descriptor 3 is what `make` returns: what Listener::open() says under systemd's variables.
std::string under_systemd(const std::function<int()>& make, int count, int pid_offset,
                          const std::function<std::string(Listener&)>& report, const std::string& fallback) {
  return in_child([&] {
    const int report_pipe_copies = ::dup(3);  // 3 may be the report pipe: it comes back before the report
    const int socket = make();
    ::dup2(socket, 3);
    if (socket != 3) ::close(socket);
    ::setenv("LISTEN_PID", std::to_string(::getpid() + pid_offset).c_str(), 1);
    ::setenv("LISTEN_FDS", std::to_string(count).c_str(), 1);
    std::string text;
    {
      boost::asio::io_context io;
      base::Result<Listener> listener = listen_at(io, fallback);
      text = listener ? report(*listener) : listener.error().code + ": " + listener.error().sentence;
    }
    if (report_pipe_copies >= 0) ::dup2(report_pipe_copies, 3);
    return text;
  });
}

TEST(Listener, TakesTheSocketThatSystemdHandsOverAndLeavesItsFile) {
  const TemporaryDirectory place;
  const std::string path = place / "activated.sock";
  const auto report = [&](Listener& listener) {
    std::string text = listener.address().path + (listener.inherited() ? " inherited" : " bound");
    text += listener.still_ours() ? " ours" : " lost";
    text += std::getenv("LISTEN_FDS") == nullptr ? " unset" : " set";
    text += (::fcntl(3, F_GETFD) & FD_CLOEXEC) != 0 ? " cloexec" : " leaks";
    base::Result<ClientStream> client = ClientStream::connect(listener.address(), 100ms, Expect::OwnUser);
    return text + " " + outcome(client);
  };
  EXPECT_EQ(under_systemd([&] { return bare_socket(path); }, 1, 0, report, place / "own.sock"),
            path + " inherited ours unset cloexec ok");
  EXPECT_TRUE(exists(path));
  EXPECT_FALSE(exists(path + ".lock"));
  EXPECT_FALSE(exists(place / "own.sock"));
}

TEST(Listener, IgnoresSystemdsVariablesMeantForItsParent) {
  const TemporaryDirectory place;
  const auto report = [](Listener& listener) { return listener.address().path; };
  EXPECT_EQ(under_systemd([&] { return bare_socket(place / "a.sock"); }, 1, 1, report, place / "own.sock"),
            place / "own.sock");
}

TEST(Listener, RefusesAnInheritedDescriptorThatIsNoListeningSocketWithAPath) {
  const TemporaryDirectory place;
  const auto report = [](Listener& listener) { return listener.address().path; };
  const auto attempt = [&](const std::function<int()>& make, int count = 1) {
    return under_systemd(make, count, 0, report, place / "own.sock");
  };
  EXPECT_THAT(attempt([] { return ::open("/dev/null", O_RDWR); }),
              AllOf(HasSubstr("bad_inherited_socket"), HasSubstr("no socket")));
  EXPECT_THAT(attempt([] { return ::socket(AF_INET, SOCK_STREAM, 0); }), HasSubstr("something else"));
  EXPECT_THAT(attempt([] { return ::socket(AF_UNIX, SOCK_STREAM, 0); }), HasSubstr("something else"));
  EXPECT_THAT(attempt([&] { return bare_socket(place / "a.sock"); }, 2), HasSubstr("2 sockets"));
  EXPECT_THAT(attempt([&] {
                const int socket = bare_socket(place / "b.sock");
                ::unlink((place / "b.sock").c_str());
                return socket;
              }),
              HasSubstr("is gone"));
  EXPECT_FALSE(exists(place / "own.sock"));
}

}  // namespace
}  // namespace mercury::platform
