#include "cli/daemon_client.h"

#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "daemon/cli/fake_daemon.h"
#include "proto/limits.h"

namespace mercury::cli {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using testing::answering;
using testing::FakeDaemon;
using testing::FakePeer;
using wire::FrameType;

constexpr auto kEnough = 20s;   // of a test that must not wait
constexpr auto kShort = 100ms;  // of a test that must

platform::Deadline within(std::chrono::milliseconds time) { return platform::Deadline::clock::now() + time; }

base::Result<DaemonClient> connect(const FakeDaemon& daemon, std::chrono::milliseconds time = kEnough) {
  std::vector<Attempt> attempts;
  return find_daemon({daemon.candidate()}, "0.1.0", within(time), attempts);
}

TEST(DaemonClient, ShakesHandsAsAReaderWithoutAnIncarnation) {
  std::promise<json> greeted;
  FakeDaemon daemon([&greeted](FakePeer& peer) {
    greeted.set_value(peer.greet());
    peer.hang();
  });
  const auto client = connect(daemon);
  ASSERT_TRUE(client) << client.error().sentence;
  EXPECT_EQ(client->welcome().daemon, "mercuryd/0.1.0");
  EXPECT_EQ(client->welcome().pid, 4711);
  EXPECT_EQ(client->address(), daemon.address().text());
  const json hello = greeted.get_future().get();
  EXPECT_EQ(hello["client"], "mercuryctl/0.1.0");
  EXPECT_FALSE(hello.contains("incarnation"));
  EXPECT_EQ(hello["protocol"], (json{{"min", 1}, {"max", 1}}));
}

TEST(DaemonClient, CollectsTheRowsOfSeveralRepliesInOrder) {
  std::promise<json> asked;
  FakeDaemon daemon(answering([&asked](const std::string& command, const json& arguments) {
    asked.set_value({{"command", command}, {"arguments", arguments}});
    return json{{{"route", "a"}}, {{"route", "b"}}, {{"route", "c"}}};
  }));
  auto client = connect(daemon);
  ASSERT_TRUE(client);
  const auto rows = client->rows("routes", {{"window", "1m"}, {"user", ""}}, within(kEnough));
  ASSERT_TRUE(rows) << rows.error().sentence;
  EXPECT_EQ(*rows, (json{{{"route", "a"}}, {{"route", "b"}}, {{"route", "c"}}}));
  EXPECT_EQ(asked.get_future().get(), (json{{"command", "routes"}, {"arguments", {{"window", "1m"}}}}))
      << "an empty argument is not sent";
}

TEST(DaemonClient, AnErrorReplyLeavesTheConnectionUsable) {
  FakeDaemon daemon(answering([](const std::string& command, const json&) {
    if (command == "reset") return json{{"error", {{"code", "permission_denied"}, {"sentence", "not \x1b[2J yours"}}}};
    return json{{"pid", 4711}};
  }));
  auto client = connect(daemon);
  ASSERT_TRUE(client);
  const auto refused = client->result("reset", {}, within(kEnough));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "permission_denied");
  EXPECT_EQ(refused.error().sentence, "not \\x1b[2J yours");
  const auto status = client->result("status", {}, within(kEnough));
  ASSERT_TRUE(status);
  EXPECT_EQ(*status, (json{{"pid", 4711}, {"schema_version", 1}}));
}

TEST(DaemonClient, SkipsOptionalFramesGoawayAndRepliesToOthers) {
  FakeDaemon daemon([](FakePeer& peer) {
    peer.greet();
    const json command = json::parse(peer.read().payload);
    std::string unknown = wire::encode_frame(FrameType::Reply, "?", wire::kFlagOptional);
    unknown[4] = 99;
    peer.write(unknown);
    peer.write(wire::encode_goaway("stopping", 1000));
    peer.write_json(FrameType::Reply, {{"request_id", 77}, {"more", false}, {"result", {{"pid", 1}}}});
    peer.write_json(FrameType::Reply,
                    {{"request_id", command["request_id"]}, {"more", false}, {"result", {{"pid", 2}}}});
    peer.hang();
  });
  auto client = connect(daemon);
  ASSERT_TRUE(client);
  const auto status = client->result("status", {}, within(kEnough));
  ASSERT_TRUE(status) << status.error().sentence;
  EXPECT_EQ((*status)["pid"], 2);
}

TEST(DaemonClient, SaysByeWhenItLeaves) {
  std::promise<int> last;
  auto type = last.get_future();
  FakeDaemon daemon([&last](FakePeer& peer) {
    peer.greet();
    last.set_value(peer.read().type);
  });
  auto client = connect(daemon);
  ASSERT_TRUE(client);
  client->leave();
  EXPECT_EQ(type.get(), static_cast<int>(FrameType::Bye));
}

// What answers at the address is not the daemon that was hoped for.
struct Stranger {
  const char* name;
  FakeDaemon::Script script;
  std::string code;
  std::vector<std::string> named;  // parts of the sentence
  std::chrono::milliseconds time = kEnough;
};

void PrintTo(const Stranger& stranger, std::ostream* out) { *out << stranger.name; }

std::vector<Stranger> strangers() {
  const auto says = [](std::string bytes) {
    return [bytes = std::move(bytes)](FakePeer& peer) {
      peer.read();
      peer.write(bytes);
      peer.hang();
    };
  };
  wire::Welcome later;
  later.protocol = 2;
  later.daemon = "mercuryd/9.0.0";
  const json reject = {{"code", "version_unsupported"},
                       {"sentence", "no"},
                       {"daemon", "mercuryd/9.0.0"},
                       {"required", {{"min", 2}, {"max", 3}}}};
  const json busy = {{"code", "connections_max"}, {"sentence", "1024 connections are open"}};
  return {
      {"OfALaterVersion",
       says(wire::encode_frame(FrameType::Reject, reject.dump())),
       "version_unsupported",
       {"mercuryctl 0.1.0 speaks protocol 1", "mercuryd/9.0.0", "2 to 3"}},
      {"ThatChoseAnotherVersion",
       says(wire::encode_welcome(later)),
       "version_unsupported",
       {"mercuryctl 0.1.0 speaks protocol 1", "mercuryd/9.0.0", "chose 2"}},
      {"ThatIsFull",
       says(wire::encode_frame(FrameType::Reject, busy.dump())),
       "connections_max",
       {"1024 connections are open"}},
      {"ThatSpeaksHttp", says("HTTP/1.1 400 Bad Request\r\n\r\n"), "protocol_mismatch", {"does not speak"}},
      {"ThatSendsZeros", says(std::string(64, '\0')), "protocol_mismatch", {"does not speak"}},
      {"ThatWelcomesWithoutJson",
       says(wire::encode_frame(FrameType::Welcome, "hello")),
       "protocol_mismatch",
       {"WELCOME"}},
      {"ThatWelcomesWithoutAVersion",
       says(wire::encode_frame(FrameType::Welcome, "{}")),
       "protocol_mismatch",
       {"protocol"}},
      {"ThatRejectsWithoutJson",
       says(wire::encode_frame(FrameType::Reject, "[]")),
       "protocol_mismatch",
       {"cannot be read"}},
      {"ThatAnswersWithAReply",
       says(wire::encode_frame(FrameType::Reply, "{}")),
       "protocol_mismatch",
       {"frame type 13"}},
      {"ThatWelcomesTooMuch",
       says(wire::encode_frame(FrameType::Welcome, std::string(limits::hello_bytes_max + 1, ' '))),
       "protocol_mismatch",
       {"8192"}},
      {"ThatSendsAnError",
       says(wire::encode_error({"handshake_timeout", "no HELLO", 0})),
       "handshake_timeout",
       {"no HELLO"}},
      {"ThatClosesAtOnce", [](FakePeer&) {}, "closed", {"closed the connection"}},
      {"ThatClosesInTheMiddle",
       [](FakePeer& peer) {
         peer.read();
         peer.write(wire::encode_welcome({}).substr(0, 20));
       },
       "closed",
       {"closed the connection"}},
      {"ThatHangs", [](FakePeer& peer) { peer.hang(); }, "timed_out", {"time is up"}, kShort},
  };
}

class HandshakeWithAStranger : public ::testing::TestWithParam<Stranger> {};

TEST_P(HandshakeWithAStranger, IsAnErrorThatNamesTheCause) {
  FakeDaemon daemon(GetParam().script);
  const auto client = connect(daemon, GetParam().time);
  ASSERT_FALSE(client);
  EXPECT_EQ(client.error().code, GetParam().code) << client.error().sentence;
  for (const std::string& part : GetParam().named)
    EXPECT_NE(client.error().sentence.find(part), std::string::npos) << client.error().sentence;
}

INSTANTIATE_TEST_SUITE_P(Daemon, HandshakeWithAStranger, ::testing::ValuesIn(strangers()),
                         [](const auto& one) { return std::string(one.param.name); });

struct BadReply {
  const char* name;
  std::string bytes;  // after the COMMAND
  std::string code;
};

void PrintTo(const BadReply& reply, std::ostream* out) { *out << reply.name; }

class ReplyThatIsWrong : public ::testing::TestWithParam<BadReply> {};

TEST_P(ReplyThatIsWrong, IsAnErrorAndNotAPage) {
  FakeDaemon daemon([](FakePeer& peer) {
    peer.greet();
    peer.read();
    peer.write(GetParam().bytes);
  });
  auto client = connect(daemon);
  ASSERT_TRUE(client);
  const auto rows = client->rows("routes", {}, within(kEnough));
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().code, GetParam().code) << rows.error().sentence;
}

std::vector<BadReply> bad_replies() {
  const auto reply = [](const std::string& text) { return wire::encode_frame(FrameType::Reply, text); };
  return {{"NotJson", reply("{"), "protocol_mismatch"},
          {"NotAnObject", reply("[1]"), "protocol_mismatch"},
          {"WithoutMore", reply(R"({"request_id":1,"rows":[]})"), "protocol_mismatch"},
          {"AnAck", wire::encode_frame(FrameType::Ack, "12345678"), "protocol_mismatch"},
          {"ADaemonsError", wire::encode_error({"slow_reader", "too slow", 0}), "slow_reader"},
          {"ClosedAfterTheFirstRows", reply(R"({"request_id":1,"more":true,"rows":[{"route":"a"}]})"), "closed"},
          {"ClosedAtOnce", "", "closed"}};
}

INSTANTIATE_TEST_SUITE_P(Daemon, ReplyThatIsWrong, ::testing::ValuesIn(bad_replies()),
                         [](const auto& one) { return std::string(one.param.name); });

TEST(DaemonClient, GivesUpOnAReplyThatDoesNotCome) {
  FakeDaemon daemon([](FakePeer& peer) {
    peer.greet();
    peer.hang();
  });
  auto client = connect(daemon);
  ASSERT_TRUE(client);
  const auto rows = client->rows("routes", {}, within(kShort));
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().code, "timed_out");
}

TEST(DaemonClient, RefusesArgumentsThatNoCommandCouldCarry) {
  FakeDaemon daemon(answering([](const std::string&, const json&) { return json::array(); }));
  auto client = connect(daemon);
  ASSERT_TRUE(client);
  // The largest that fits: the limit less what stands around it.
  const std::string around = wire::encode_command({1, "routes", {{"user", ""}}}).substr(wire::kFrameHeaderBytes);
  const std::size_t most = static_cast<std::size_t>(limits::command_bytes_max) - around.size();
  EXPECT_TRUE(client->rows("routes", {{"user", std::string(most, 'x')}}, within(kEnough)));
  const auto over = client->rows("routes", {{"user", std::string(most + 1, 'x')}}, within(kEnough));
  ASSERT_FALSE(over);
  EXPECT_EQ(over.error().code, "usage");
}

TEST(FindDaemon, TakesTheFirstThatAnswersAndRemembersTheOthers) {
  FakeDaemon daemon(answering([](const std::string&, const json&) { return json::object(); }));
  const platform::Candidate missing{{daemon.address().path + "-missing"}, platform::Candidate::Origin::Private};
  std::vector<Attempt> attempts;
  const auto found = find_daemon({missing, daemon.candidate()}, "0.1.0", within(kEnough), attempts);
  ASSERT_TRUE(found) << found.error().sentence;
  EXPECT_EQ(found->address(), daemon.address().text());
  ASSERT_EQ(attempts.size(), 1U);
  EXPECT_EQ(attempts[0].candidate.address, missing.address);
  EXPECT_EQ(attempts[0].error.code, "not_running");
}

TEST(FindDaemon, DoesNotPassOverADaemonThatItCannotTalkTo) {
  FakeDaemon strange([](FakePeer& peer) {
    peer.read();
    peer.write("garbage, garbage, garbage");
  });
  FakeDaemon good(answering([](const std::string&, const json&) { return json::object(); }));
  std::vector<Attempt> attempts;
  const auto found = find_daemon({strange.candidate(), good.candidate()}, "0.1.0", within(kEnough), attempts);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, "protocol_mismatch");
}

TEST(RangeText, IsOneNumberWhereItCan) {
  EXPECT_EQ(range_text(1, 1), "1");
  EXPECT_EQ(range_text(1, 3), "1 to 3");
}

}  // namespace
}  // namespace mercury::cli
