#include "engine/routing/status.hpp"

#include <gtest/gtest.h>

namespace sluice::routing {
namespace {

using enum smpp::CommandStatus;

constexpr auto vendor(std::uint32_t value) { return static_cast<smpp::CommandStatus>(value); }

TEST(StatusMap, DefaultClasses) {
    const StatusMap map;
    EXPECT_EQ(map.classify(ESME_ROK), ErrorClass::ok);
    EXPECT_EQ(map.classify(ESME_RTHROTTLED), ErrorClass::throttled);
    EXPECT_EQ(map.classify(ESME_RMSGQFUL), ErrorClass::throttled);
    EXPECT_EQ(map.classify(ESME_RSYSERR), ErrorClass::temporary);
    EXPECT_EQ(map.classify(ESME_RX_T_APPN), ErrorClass::temporary);
    EXPECT_EQ(map.classify(ESME_RINVDSTADR), ErrorClass::permanent);
    EXPECT_EQ(map.classify(ESME_RX_P_APPN), ErrorClass::permanent);
    EXPECT_EQ(map.classify(vendor(0x400)), ErrorClass::unknown);
    EXPECT_EQ(map.classify(vendor(0xFFFFFFFF)), ErrorClass::unknown);
}

TEST(StatusMap, OnlySuccessIsOkAndEveryStatusHasAClass) {
    for (const auto& row : smpp::statuses) {
        const ErrorClass found = StatusMap::default_class(row.value);
        EXPECT_EQ(found == ErrorClass::ok, row.value == ESME_ROK) << row.name;
        EXPECT_NE(found, ErrorClass::unanswered) << row.name;
    }
}

TEST(StatusMap, AProvidersOwnMeaningCounts) {
    StatusMap map;
    map.set(vendor(0x400), vendor(0x4FF), ErrorClass::throttled);
    map.set(vendor(0x410), ErrorClass::permanent);
    map.set(ESME_RSUBMITFAIL, ErrorClass::throttled);
    EXPECT_EQ(map.classify(vendor(0x400)), ErrorClass::throttled);
    EXPECT_EQ(map.classify(vendor(0x410)), ErrorClass::permanent);
    EXPECT_EQ(map.classify(vendor(0x4FF)), ErrorClass::throttled);
    EXPECT_EQ(map.classify(vendor(0x500)), ErrorClass::unknown);
    EXPECT_EQ(map.classify(ESME_RSUBMITFAIL), ErrorClass::throttled);
    EXPECT_EQ(map.classify(ESME_RSYSERR), ErrorClass::temporary);
}

TEST(StatusMap, TheNarrowestAndLatestCounts) {
    StatusMap map;
    map.set(vendor(0x410), ErrorClass::permanent);
    map.set(vendor(0x400), vendor(0x4FF), ErrorClass::throttled);
    map.set(vendor(0x410), ErrorClass::temporary);
    EXPECT_EQ(map.classify(vendor(0x410)), ErrorClass::temporary);
}

TEST(RetryPolicy, FollowsTheSchedule) {
    RetryPolicy policy;
    policy.temporary = {{seconds(1), seconds(5)}, true};
    policy.unknown = {{seconds(2)}, false};
    EXPECT_EQ(policy.retry_delay(ErrorClass::temporary, 1), seconds(1));
    EXPECT_EQ(policy.retry_delay(ErrorClass::temporary, 2), seconds(5));
    EXPECT_EQ(policy.retry_delay(ErrorClass::temporary, 4'000'000'000), seconds(5));
    EXPECT_EQ(policy.retry_delay(ErrorClass::unknown, 1), seconds(2));
    EXPECT_EQ(policy.retry_delay(ErrorClass::unknown, 2), std::nullopt);
    EXPECT_EQ(policy.retry_delay(ErrorClass::permanent, 1), std::nullopt);
    EXPECT_EQ(policy.retry_delay(ErrorClass::ok, 1), std::nullopt);
    EXPECT_EQ(policy.retry_delay(ErrorClass::unanswered, 1), seconds(0));
    EXPECT_EQ(policy.retry_delay(ErrorClass::unanswered, 2), seconds(10));
}

TEST(ErrorClass, NamesAreReadBack) {
    for (std::size_t i = 0; i < error_class_count; ++i)
        EXPECT_EQ(parse_error_class(to_string(static_cast<ErrorClass>(i))), static_cast<ErrorClass>(i));
    EXPECT_EQ(parse_error_class("fatal"), std::nullopt);
}

}  // namespace
}  // namespace sluice::routing
