// What only a Unix socket has: files of other kinds at its path, owners and modes, descriptors that a child inherits.
#include "platform/stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <boost/asio/io_context.hpp>
#include <cstring>
#include <fstream>

#include "platform/connection.h"
#include "platform/listener.h"
#include "world.h"

namespace mercury::platform {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using testing::as_nobody;
using testing::Connection;
using ::testing::HasSubstr;
using testing::outcome;
using testing::sentence;
using testing::TemporaryDirectory;
using testing::we_are_root;

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
