// What only Unix has: numbers of users and groups, and the groups that a process had when it connected.
#include "platform/peer.h"

#include <gmock/gmock.h>
#include <grp.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/connect_pair.hpp>
#include <chrono>
#include <numeric>
#include <vector>

#include "platform/listener.h"
#include "world.h"

namespace mercury::platform {
namespace {

using namespace std::chrono_literals;
using testing::kNobody;
using testing::sentence;
using testing::TemporaryDirectory;
using testing::we_are_root;

constexpr gid_t kPrimary = 65534;

// More than a first guess at the kernel's answer holds.
std::vector<gid_t> many_groups() {
  std::vector<gid_t> groups(100);
  std::iota(groups.begin(), groups.end(), 3U);
  return groups;
}

std::string name_of_group(gid_t gid) {
  const group* entry = ::getgrgid(gid);
  return entry == nullptr ? "" : entry->gr_name;
}

TEST(Peer, HasTheNumbersOfItsUserAndGroup) {
  boost::asio::io_context io;
  Stream left(io);
  Stream right(io);
  boost::asio::local::connect_pair(left, right);
  const base::Result<Peer> peer = peer_of(left);
  ASSERT_EQ(sentence(peer), "ok");
  EXPECT_EQ(peer->uid, ::geteuid());
  EXPECT_EQ(peer->gid, ::getegid());
  EXPECT_EQ(peer->pid, ::getpid());
  EXPECT_EQ(peer->user, std::to_string(::geteuid()));
}

// Connects from a child, which becomes nobody with a hundred supplementary groups if we are root, and looks at it.
TEST(Peer, IsWhoConnectedWithTheGroupsItHadThen) {
  const TemporaryDirectory place;
  ASSERT_EQ(::chmod(place.path().c_str(), 0755), 0);
  boost::asio::io_context io;
  base::Result<Listener> listener =
      Listener::open(io.get_executor(), Address{place / "m.sock"}, ListenOptions{ListenOptions::Kind::System, {}, 16});
  ASSERT_EQ(sentence(listener), "ok");
  const std::vector<gid_t> supplementary = many_groups();
  const pid_t child = ::fork();
  if (child == 0) {
    if (we_are_root() && (::setgroups(supplementary.size(), supplementary.data()) != 0 || ::setgid(kPrimary) != 0 ||
                          ::setuid(kNobody) != 0)) {
      ::_exit(1);
    }
    base::Result<ClientStream> client = ClientStream::connect(Address{place / "m.sock"}, 5000ms, Expect::Anyone);
    std::array<std::byte, 1> buffer{};
    ::_exit(client && client->read_some(buffer, Deadline::clock::now() + 10s) ? 0 : 1);
  }
  Stream stream(io);
  listener->acceptor().accept(stream);
  const base::Result<Peer> peer = peer_of(stream);
  stream.close();
  int status = -1;
  ::waitpid(child, &status, 0);
  ASSERT_EQ(status, 0);
  ASSERT_EQ(sentence(peer), "ok");
  EXPECT_EQ(peer->pid, child);
  EXPECT_EQ(peer->uid, we_are_root() ? kNobody : ::geteuid());
  EXPECT_EQ(peer->gid, we_are_root() ? kPrimary : ::getegid());
  EXPECT_TRUE(is_member(*peer, group_id(name_of_group(peer->gid)).value()));
  if (we_are_root()) {
    EXPECT_THAT(peer->groups, ::testing::UnorderedElementsAreArray(supplementary));
    EXPECT_TRUE(is_member(*peer, group_id(name_of_group(3)).value()));
    EXPECT_FALSE(is_member(*peer, group_id(name_of_group(0)).value()));
  }
}

TEST(Peer, IsMemberOfItsPrimaryAndItsOtherGroups) {
  const std::string first = name_of_group(1);
  const std::string second = name_of_group(2);
  ASSERT_FALSE(first.empty() || second.empty());
  const Peer peer{1000, 1, 1, "1000", {5, 6}};
  const Peer other{1000, 1000, 1, "1000", {5, 2}};
  EXPECT_TRUE(is_member(peer, group_id(first).value()));
  EXPECT_FALSE(is_member(peer, group_id(second).value()));
  EXPECT_TRUE(is_member(other, group_id(second).value()));
  EXPECT_FALSE(is_member(other, group_id(first).value()));
  EXPECT_FALSE(group_id("mercury-no-such-group"));
  EXPECT_FALSE(group_id(""));
}

TEST(Peer, NumberNoughtIsRoot) {
  EXPECT_EQ(user_name("0"), "root");
  EXPECT_EQ(user_of_name("root"), "0");
}

}  // namespace
}  // namespace mercury::platform
