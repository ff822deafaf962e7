#include "platform/stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/write.hpp>
#include <cstring>
#include <fstream>
#include <thread>
#include <vector>

#include "platform/listener.h"
#include "platform/peer.h"
#include "world.h"

namespace mercury::platform {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using testing::as_nobody;
using ::testing::HasSubstr;
using testing::outcome;
using testing::sentence;
using testing::TemporaryDirectory;
using testing::we_are_root;

Deadline in(std::chrono::milliseconds time) { return Deadline::clock::now() + time; }

// A listening socket of ours and both ends of one connection to it.
class Connection {
 public:
  Connection() : listener_(open(io_, place_ / "m.sock")), server_(io_) {
    base::Result<ClientStream> client = ClientStream::connect(listener_.address(), 1000ms, Expect::OwnUser);
    if (!client) std::abort();
    client_.emplace(std::move(*client));
    listener_.acceptor().accept(server_);
  }

  ClientStream& client() { return *client_; }
  Stream& server() { return server_; }

 private:
  static Listener open(boost::asio::io_context& io, const std::string& path) {
    base::Result<Listener> listener = Listener::open(io.get_executor(), Address{path}, {});
    if (!listener) std::abort();
    return std::move(*listener);
  }

  TemporaryDirectory place_;
  boost::asio::io_context io_;
  Listener listener_;
  Stream server_;
  std::optional<ClientStream> client_;
};

std::string read_text(ClientStream& client, std::size_t most, std::chrono::milliseconds time) {
  std::vector<std::byte> buffer(most);
  const base::Result<std::size_t> count = client.read_some(buffer, in(time));
  if (!count) return count.error().code;
  return {reinterpret_cast<const char*>(buffer.data()), *count};
}

TEST(ClientStream, ReadsWhatIsThereInPiecesAndThenTheEnd) {
  Connection connection;
  boost::asio::write(connection.server(), boost::asio::buffer("abcdef", 6));
  EXPECT_EQ(read_text(connection.client(), 4, 1s), "abcd");
  EXPECT_EQ(read_text(connection.client(), 4, 1s), "ef");
  EXPECT_EQ(read_text(connection.client(), 4, 20ms), "timed_out");
  boost::asio::write(connection.server(), boost::asio::buffer("last", 4));
  connection.server().close();
  EXPECT_EQ(read_text(connection.client(), 99, 1s), "last");
  EXPECT_EQ(read_text(connection.client(), 99, 1s), "");
  EXPECT_EQ(read_text(connection.client(), 99, 1s), "") << "the end stays the end";
}

TEST(ClientStream, ReadsTheEndAlsoFromADaemonThatDidNotReadItsWords) {
  Connection connection;
  ASSERT_EQ(outcome(connection.client().write_all("unread", in(1s))), "ok");
  connection.server().close();
  EXPECT_EQ(read_text(connection.client(), 99, 1s), "");
}

TEST(ClientStream, WaitsForAnAnswerThatComesLater) {
  Connection connection;
  std::thread daemon([&] {
    std::array<char, 8> question{};
    const std::size_t count = connection.server().read_some(boost::asio::buffer(question));
    boost::asio::write(connection.server(), boost::asio::buffer(question.data(), count));
  });
  ASSERT_EQ(outcome(connection.client().write_all("echo", in(5s))), "ok");
  EXPECT_EQ(read_text(connection.client(), 99, 5s), "echo");
  daemon.join();
}

TEST(ClientStream, WritesMoreThanTheKernelHoldsWhileTheDaemonReads) {
  Connection connection;
  const std::string large(4'000'000, 'w');
  std::size_t received = 0;
  std::thread daemon([&] {
    std::vector<char> buffer(65536);
    boost::system::error_code error;
    while (received < large.size() && !error) {
      received += connection.server().read_some(boost::asio::buffer(buffer), error);
    }
  });
  EXPECT_EQ(sentence(connection.client().write_all(large, in(10s))), "ok");
  connection.client().close();
  daemon.join();
  EXPECT_EQ(received, large.size());
}

TEST(ClientStream, GivesUpOnADaemonThatDoesNotRead) {
  Connection connection;
  const Deadline start = Deadline::clock::now();
  EXPECT_EQ(outcome(connection.client().write_all(std::string(4'000'000, 'w'), start + 50ms)), "timed_out");
  EXPECT_GE(Deadline::clock::now() - start, 50ms);
}

TEST(ClientStream, TellsAClosedDaemonByAnErrorAndNotBySigpipe) {
  Connection connection;
  connection.server().close();
  EXPECT_EQ(outcome(connection.client().write_all("x", in(1s))), "closed");
}

TEST(ClientStream, KnowsTheDaemonsPid) {
  Connection connection;
  const base::Result<Peer> daemon = connection.client().peer();
  ASSERT_EQ(sentence(daemon), "ok");
  EXPECT_EQ(daemon->pid, ::getpid());
  EXPECT_EQ(daemon->user, user_id());
}

TEST(ClientStream, SaysWhyThereIsNoDaemon) {
  const TemporaryDirectory place;
  std::ofstream(place / "file") << "x";
  {
    boost::asio::io_context io;
    base::Result<Listener> listener = Listener::open(io.get_executor(), Address{place / "dead.sock"}, {});
    ASSERT_EQ(outcome(listener), "ok");
    ASSERT_EQ(::rename((place / "dead.sock").c_str(), (place / "orphan.sock").c_str()), 0);
  }
  struct Row {
    std::string path;
    const char* code;
    const char* words;
  };
  for (const Row& row :
       {Row{place / "absent.sock", "not_running", "there is no socket at "},
        Row{place / "absent/m.sock", "not_running", "there is no socket at "},
        Row{place / "file/m.sock", "not_running", "there is no socket at "},
        Row{place / "orphan.sock", "not_running", "nobody listens at "},
        Row{place / "file", "not_a_socket", "is no socket (owner "}, Row{"", "bad_address", "0 bytes"}}) {
    const base::Result<ClientStream> client = ClientStream::connect(Address{row.path}, 100ms, Expect::Anyone);
    EXPECT_EQ(outcome(client), row.code) << row.path;
    EXPECT_THAT(sentence(client), AllOf(HasSubstr(row.path), HasSubstr(row.words)));
  }
}

TEST(ClientStream, NamesOwnerAndModeOfASocketItMayNotUse) {
  const TemporaryDirectory place;
  boost::asio::io_context io;
  ASSERT_EQ(::chmod(place.path().c_str(), 0755), 0);
  const ListenOptions closed{ListenOptions::Kind::Named, 0, 16};
  const base::Result<Listener> listener = Listener::open(io.get_executor(), Address{place / "m.sock"}, closed);
  ASSERT_EQ(sentence(listener), "ok");
  const std::string why =
      as_nobody([&] { return sentence(ClientStream::connect(Address{place / "m.sock"}, 100ms, Expect::Anyone)); });
  EXPECT_THAT(why, AllOf(HasSubstr("cannot connect to " + (place / "m.sock")), HasSubstr("mode 0000"),
                         HasSubstr("owner "), HasSubstr("this process runs as ")));
}

TEST(ClientStream, TrustsThePrivateAddressOnlyToItselfAndRoot) {
  const TemporaryDirectory place;
  ASSERT_EQ(::chmod(place.path().c_str(), 0777), 0);
  const std::string path = place / "m.sock";
  std::array<int, 2> ready{};
  std::array<int, 2> finish{};
  ASSERT_EQ(::pipe(ready.data()), 0);
  ASSERT_EQ(::pipe(finish.data()), 0);
  const pid_t stranger = ::fork();
  if (stranger == 0) {
    ::close(finish[1]);
    if (we_are_root() && ::setuid(testing::kNobody) != 0) ::_exit(1);
    const int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    std::strncpy(name.sun_path, path.c_str(), sizeof name.sun_path - 1);
    if (::bind(socket, reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0 || ::listen(socket, 8) != 0 ||
        ::write(ready[1], "r", 1) != 1) {
      ::_exit(1);
    }
    char byte = 0;
    ::_exit(::read(finish[0], &byte, 1) == 0 ? 0 : 1);
  }
  ::close(ready[1]);
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  const base::Result<ClientStream> anyone = ClientStream::connect(Address{path}, 1000ms, Expect::Anyone);
  const base::Result<ClientStream> own = ClientStream::connect(Address{path}, 1000ms, Expect::OwnUser);
  EXPECT_EQ(sentence(anyone), "ok");
  EXPECT_EQ(outcome(own), we_are_root() ? "foreign_owner" : "ok");
  if (we_are_root()) {
    EXPECT_THAT(sentence(own), AllOf(HasSubstr("process " + std::to_string(stranger)), HasSubstr("uid 65534")));
  }
  ::close(finish[1]);
  int status = -1;
  ::waitpid(stranger, &status, 0);
  EXPECT_EQ(status, 0);
  for (const int end : {ready[0], finish[0]}) ::close(end);
}

// Fills the backlog of a socket that accepts nobody.
class FullBacklog {
 public:
  FullBacklog() {
    base::Result<Listener> listener =
        Listener::open(io_.get_executor(), address_, ListenOptions{ListenOptions::Kind::Private, {}, 2});
    if (!listener) std::abort();
    listener_.emplace(std::move(*listener));
    for (;;) {
      base::Result<ClientStream> client = ClientStream::connect(address_, 0ms, Expect::Anyone);
      if (!client) break;
      waiting_.push_back(std::move(*client));
    }
  }

  const Address& address() const { return address_; }
  std::size_t waiting() const { return waiting_.size(); }
  void accept_one() {
    Stream stream(io_);
    listener_->acceptor().accept(stream);
  }

 private:
  TemporaryDirectory place_;
  Address address_{place_ / "m.sock"};
  boost::asio::io_context io_;
  std::optional<Listener> listener_;
  std::vector<ClientStream> waiting_;
};

TEST(ClientStream, TriesAgainWhileTheBacklogIsFullAndThenGivesUp) {
  const FullBacklog full;
  EXPECT_EQ(full.waiting(), 3U);  // the kernel holds one more than the backlog says
  const Deadline start = Deadline::clock::now();
  const base::Result<ClientStream> client = ClientStream::connect(full.address(), 60ms, Expect::OwnUser);
  EXPECT_EQ(outcome(client), "timed_out");
  EXPECT_THAT(sentence(client), AllOf(HasSubstr(full.address().path), HasSubstr("within 60 ms")));
  EXPECT_GE(Deadline::clock::now() - start, 60ms);
}

TEST(ClientStream, ConnectsWhenTheBacklogHasRoomAgain) {
  FullBacklog full;
  std::string result;
  std::thread client([&] { result = outcome(ClientStream::connect(full.address(), 10s, Expect::OwnUser)); });
  full.accept_one();
  client.join();
  EXPECT_EQ(result, "ok");
}

TEST(ClientStream, IsNotInheritedByChildren) {
  Connection connection;
  for (int number = 3; number < 64; ++number) {
    sockaddr_un name{};
    socklen_t bytes = sizeof name;
    if (::getsockname(number, reinterpret_cast<sockaddr*>(&name), &bytes) != 0) continue;
    if (number == connection.server().native_handle()) continue;  // hide_from_children() has its own test
    EXPECT_NE(::fcntl(number, F_GETFD) & FD_CLOEXEC, 0) << number;
  }
}

}  // namespace
}  // namespace mercury::platform
