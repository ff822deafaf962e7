// Listener, stream, peer and lock over a real pipe: the cases of ../listener_test.cpp, ../stream_test.cpp,
// ../peer_test.cpp and ../instance_lock_test.cpp that a pipe knows. Left out is what it has not: files, modes, a
// backlog, a socket that systemd hands over.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <optional>
#include <thread>
#include <vector>

#include "platform/listener.h"
#include "platform/peer.h"
#include "platform/place.h"
#include "platform/windows/pipe_security.h"
#include "platform/windows/win32.h"

namespace mercury::platform {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;
using Kind = ListenOptions::Kind;
using testing::outcome;
using testing::sentence;

Deadline in(std::chrono::milliseconds time) { return Deadline::clock::now() + time; }

// A name that no other test, and no other run, has.
Address fresh_address() {
  static int count = 0;
  return {"\\\\.\\pipe\\mercury-test-" + std::to_string(::GetCurrentProcessId()) + "-" + std::to_string(++count)};
}

base::Result<Listener> listen_at(boost::asio::io_context& io, const Address& address, Kind kind = Kind::Private) {
  return Listener::open(io.get_executor(), address, ListenOptions{kind, {}, 1024});
}

// Both ends of one connection.
class Connection {
 public:
  Connection() : server_(io_) {
    base::Result<Listener> listener = listen_at(io_, fresh_address());
    if (!listener) std::abort();
    listener_.emplace(std::move(*listener));
    listener_->acceptor().async_accept([this](boost::system::error_code error, Stream stream) {
      if (error) std::abort();
      server_ = std::move(stream);
    });
    base::Result<ClientStream> client = ClientStream::connect(listener_->address(), 1000ms, Expect::OwnUser);
    if (!client) std::abort();
    client_.emplace(std::move(*client));
    if (io_.run_for(5s) == 0) std::abort();
  }

  ClientStream& client() { return *client_; }
  Stream& server() { return server_; }

 private:
  boost::asio::io_context io_;
  std::optional<Listener> listener_;
  Stream server_;
  std::optional<ClientStream> client_;
};

std::string read_text(ClientStream& client, std::size_t most, std::chrono::milliseconds time) {
  std::vector<std::byte> buffer(most);
  const base::Result<std::size_t> count = client.read_some(buffer, in(time));
  if (!count) return count.error().code;
  return {reinterpret_cast<const char*>(buffer.data()), *count};
}

TEST(Listener, AcceptsAClientAndSaysWhoItIs) {
  Connection connection;
  const base::Result<Peer> peer = peer_of(connection.server());
  ASSERT_EQ(sentence(peer), "ok");
  EXPECT_EQ(peer->pid, static_cast<std::int64_t>(::GetCurrentProcessId()));
  EXPECT_EQ(peer->user, user_id());
  EXPECT_THAT(peer->user, HasSubstr("S-1-5-"));
  ASSERT_EQ(outcome(connection.client().write_all("hello", in(1s))), "ok");
  std::string text(5, '\0');
  EXPECT_EQ(connection.server().read_some(boost::asio::buffer(text)), 5U);
  EXPECT_EQ(text, "hello");
}

TEST(Listener, AcceptsManyOneAfterTheOther) {
  boost::asio::io_context io;
  base::Result<Listener> listener = listen_at(io, fresh_address());
  ASSERT_EQ(sentence(listener), "ok");
  std::vector<Stream> accepted;
  std::function<void()> accept = [&] {
    listener->acceptor().async_accept([&](boost::system::error_code error, Stream stream) {
      if (error == boost::asio::error::operation_aborted) return;
      ASSERT_FALSE(error) << error.message();
      accepted.push_back(std::move(stream));
      accept();
    });
  };
  accept();
  std::thread clients([&] {
    std::vector<ClientStream> open;
    for (int i = 0; i < 100; ++i) {
      base::Result<ClientStream> client = ClientStream::connect(listener->address(), 5s, Expect::OwnUser);
      ASSERT_EQ(sentence(client), "ok") << i;
      open.push_back(std::move(*client));
    }
  });
  const auto end = Deadline::clock::now() + 20s;
  while (accepted.size() < 100 && Deadline::clock::now() < end) io.run_one_for(100ms);
  clients.join();
  EXPECT_EQ(accepted.size(), 100U);
  boost::system::error_code error;
  listener->acceptor().cancel(error);
  EXPECT_FALSE(error) << error.message();
  io.run_for(5s);
  listener->close();
  EXPECT_FALSE(listener->still_ours());
}

// The descriptor as the system has it is the one that was meant, entry by entry.
TEST(Listener, GivesThePipeItsSecurityDescriptor) {
  for (const Kind kind : {Kind::Private, Kind::Named, Kind::System}) {
    boost::asio::io_context io;
    base::Result<Listener> listener = listen_at(io, fresh_address(), kind);
    ASSERT_EQ(sentence(listener), "ok");
    PSECURITY_DESCRIPTOR descriptor = nullptr;
    const SECURITY_INFORMATION parts = OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION;
    ASSERT_EQ(::GetSecurityInfo(listener->acceptor().native_handle(), SE_KERNEL_OBJECT, parts, nullptr, nullptr,
                                nullptr, nullptr, &descriptor),
              static_cast<DWORD>(ERROR_SUCCESS));
    const windows::LocalMemory memory(descriptor);
    wchar_t* text = nullptr;
    ASSERT_NE(
        ::ConvertSecurityDescriptorToStringSecurityDescriptorW(descriptor, SDDL_REVISION_1, parts, &text, nullptr), 0);
    const windows::LocalMemory text_memory(text);
    const std::string user = user_id();
    std::string expected = "O:" + user + "D:P(D;;FA;;;NU)(A;;FA;;;SY)(A;;FA;;;BA)(A;;FA;;;" + user + ")";
    if (kind == Kind::System) expected += "(A;;0x12019b;;;AU)";
    EXPECT_EQ(windows::narrow(text), expected);
    EXPECT_EQ(windows::pipe_sddl(kind, user), expected);
  }
  EXPECT_EQ(windows::kClientRights & 0x4U, 0U) << "a client must not make instances of the pipe";
}

TEST(Listener, NamesTheLiveDaemonThatIsAlreadyThere) {
  boost::asio::io_context io;
  const Address address = fresh_address();
  base::Result<Listener> first = listen_at(io, address);
  ASSERT_EQ(sentence(first), "ok");
  const base::Result<Listener> second = listen_at(io, address);
  EXPECT_EQ(outcome(second), "address_in_use");
  EXPECT_THAT(sentence(second), AllOf(HasSubstr("process " + std::to_string(::GetCurrentProcessId())),
                                      HasSubstr(address.path), HasSubstr("mercuryctl stop")));
  EXPECT_TRUE(first->still_ours());
  first->close();
  EXPECT_EQ(sentence(listen_at(io, address)), "ok") << "opened again while the first object still lives";
}

TEST(Listener, TakesAPipeOfSomebodyElsesForWhatItIs) {
  const Address address = fresh_address();
  const windows::Handle stranger(::CreateNamedPipeW(windows::wide(address.path).c_str(), PIPE_ACCESS_DUPLEX,
                                                    PIPE_TYPE_BYTE, PIPE_UNLIMITED_INSTANCES, 512, 512, 0, nullptr));
  ASSERT_TRUE(stranger);
  boost::asio::io_context io;
  EXPECT_EQ(outcome(listen_at(io, address)), "address_in_use");
}

TEST(Listener, SaysAlreadyRunningWhileAnotherOneIsStarting) {
  const Address address = fresh_address();
  base::Result<InstanceLock> starting = InstanceLock::acquire(address);
  ASSERT_EQ(sentence(starting), "ok");
  boost::asio::io_context io;
  EXPECT_EQ(outcome(listen_at(io, address)), "already_running");
  EXPECT_EQ(outcome(InstanceLock::acquire(address)), "already_running");
  starting->release();
  EXPECT_EQ(outcome(InstanceLock::acquire(address)), "ok");
  EXPECT_EQ(sentence(listen_at(io, address)), "ok");
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

TEST(ClientStream, WritesMoreThanThePipeHoldsWhileTheDaemonReads) {
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
  EXPECT_EQ(sentence(connection.client().write_all(large, in(20s))), "ok");
  daemon.join();
  EXPECT_EQ(received, large.size());
}

TEST(ClientStream, GivesUpOnADaemonThatDoesNotRead) {
  Connection connection;
  const Deadline start = Deadline::clock::now();
  EXPECT_EQ(outcome(connection.client().write_all(std::string(4'000'000, 'w'), start + 50ms)), "timed_out");
  EXPECT_GE(Deadline::clock::now() - start, 50ms);
}

TEST(ClientStream, TellsAClosedDaemonByAnError) {
  Connection connection;
  connection.server().close();
  EXPECT_EQ(outcome(connection.client().write_all("x", in(1s))), "closed");
}

TEST(ClientStream, KnowsTheDaemonsPid) {
  Connection connection;
  const base::Result<Peer> daemon = connection.client().peer();
  ASSERT_EQ(sentence(daemon), "ok");
  EXPECT_EQ(daemon->pid, static_cast<std::int64_t>(::GetCurrentProcessId()));
  EXPECT_EQ(daemon->user, user_id());
}

TEST(ClientStream, SaysWhyThereIsNoDaemon) {
  const Address address = fresh_address();
  const base::Result<ClientStream> nobody = ClientStream::connect(address, 100ms, Expect::Anyone);
  EXPECT_EQ(outcome(nobody), "not_running");
  EXPECT_THAT(sentence(nobody), AllOf(HasSubstr(address.path), HasSubstr("nobody listens at ")));
}

TEST(ClientStream, TriesAgainWhileEveryInstanceIsTakenAndThenGivesUp) {
  const Address address = fresh_address();
  const windows::Handle only(::CreateNamedPipeW(windows::wide(address.path).c_str(), PIPE_ACCESS_DUPLEX, PIPE_TYPE_BYTE,
                                                1, 512, 512, 0, nullptr));
  ASSERT_TRUE(only);
  ASSERT_EQ(outcome(ClientStream::connect(address, 100ms, Expect::Anyone)), "ok");
  const base::Result<ClientStream> first = ClientStream::connect(address, 100ms, Expect::Anyone);
  const Deadline start = Deadline::clock::now();
  const base::Result<ClientStream> second = ClientStream::connect(address, 60ms, Expect::Anyone);
  EXPECT_EQ(outcome(second), "timed_out");
  EXPECT_THAT(sentence(second), AllOf(HasSubstr(address.path), HasSubstr("within 60 ms")));
  EXPECT_GE(Deadline::clock::now() - start, 59ms);
}

TEST(Peer, OnlyTheSystemAndAdministratorsAreAdministrators) {
  const auto administrators = group_id("mercury-admin");
  ASSERT_TRUE(administrators);
  EXPECT_TRUE(is_member({0, 0, 1, "S-1-5-18", {}}, *administrators));
  EXPECT_TRUE(is_member({0, 0, 1, "S-1-5-21-1", {*administrators}}, *administrators));
  EXPECT_FALSE(is_member({0, 0, 1, "S-1-5-21-1", {}}, *administrators));
}

TEST(Peer, ANameAndItsSidLeadToEachOther) {
  const std::string name = user_name(user_id());
  EXPECT_THAT(name, HasSubstr("\\"));
  EXPECT_EQ(user_of_name(name), user_id());
  EXPECT_EQ(user_name("S-1-5-21-9-9-9-9"), "S-1-5-21-9-9-9-9");
  EXPECT_EQ(user_of_name("nobody of this name"), "nobody of this name");
}

}  // namespace
}  // namespace mercury::platform
