// What only a pipe has: an owner, who is trusted or not, and who is no process.
#include "platform/stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bare_listener.h"
#include "platform/place.h"
#include "platform/windows/service_sid.h"
#include "platform/windows/win32.h"

namespace mercury::platform {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using testing::BareListener;
using ::testing::HasSubstr;
using testing::outcome;
using testing::sentence;
using testing::TemporaryDirectory;

TEST(ClientStream, TrustsThePrivateAddressToItselfTheSystemAndTheServiceOnly) {
  const std::string service = windows::service_sid(windows::kServiceName);
  for (const std::string& owner :
       {windows::own_sid(), std::string(windows::kSystemSid), std::string(windows::kAdministratorsSid), service}) {
    const TemporaryDirectory place;
    const BareListener daemon(place.address(), owner);
    EXPECT_EQ(sentence(ClientStream::connect(place.address(), 100ms, Expect::OwnUser)), "ok") << owner;
  }
  for (const std::string& stranger : {std::string("S-1-5-21-9-9-9-9"), windows::service_sid("TrustedInstaller")}) {
    const TemporaryDirectory place;
    const BareListener daemon(place.address(), stranger);
    const base::Result<ClientStream> own = ClientStream::connect(place.address(), 100ms, Expect::OwnUser);
    EXPECT_EQ(outcome(own), "foreign_owner") << stranger;
    EXPECT_THAT(sentence(own), AllOf(HasSubstr(place.address().path), HasSubstr("process ")));
  }
}

TEST(ClientStream, TrustsAnyoneAtAnAddressThatWasNamed) {
  const TemporaryDirectory place;
  const BareListener stranger(place.address(), "S-1-5-21-9-9-9-9");
  EXPECT_EQ(sentence(ClientStream::connect(place.address(), 100ms, Expect::Anyone)), "ok");
}

}  // namespace
}  // namespace mercury::platform
