// What only a pipe has: it carries its access list itself.
#include "platform/listener.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include "platform/connection.h"
#include "platform/peer.h"
#include "platform/windows/pipe_security.h"
#include "platform/windows/win32.h"

namespace mercury::platform {
namespace {

using namespace std::chrono_literals;
using Kind = ListenOptions::Kind;
using testing::listen_at;
using testing::sentence;
using testing::TemporaryDirectory;

// The descriptor as the system has it is the one that was meant, entry by entry.
TEST(Listener, GivesThePipeItsSecurityDescriptor) {
  for (const Kind kind : {Kind::Private, Kind::Named, Kind::System}) {
    const TemporaryDirectory place;
    boost::asio::io_context io;
    base::Result<Listener> listener = listen_at(io, place.address(), kind);
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

// One that only looks can be gone before anybody waits for it: the name must not be free then, for somebody else to
// take.
TEST(Listener, KeepsItsNameWhenAClientHasComeAndGone) {
  const TemporaryDirectory place;
  boost::asio::io_context io;
  base::Result<Listener> listener = listen_at(io, place.address());
  ASSERT_EQ(sentence(listener), "ok");
  ASSERT_EQ(sentence(ClientStream::connect(place.address(), 1s, Expect::OwnUser)), "ok");
  std::string next = "nobody was accepted";
  listener->acceptor().async_accept([&](boost::system::error_code, const Stream&) {
    next = sentence(ClientStream::connect(place.address(), 1s, Expect::OwnUser));
  });
  io.run_for(5s);
  EXPECT_EQ(next, "ok");
}

}  // namespace
}  // namespace mercury::platform
