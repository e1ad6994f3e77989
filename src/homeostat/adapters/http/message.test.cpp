// SPDX-License-Identifier: Apache-2.0
#include "homeostat/adapters/http/message.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "homeostat/adapters/http/gzip.h"
#include "homeostat/adapters/http/routes.h"

namespace homeostat::http {
namespace {

Response nothing(const Request&) {
    return {};
}

TEST(Target, IsSplitAndDecoded) {
    const auto target = parse_target("/api/a%20b?name=x%26y&flag&space=a+b");
    ASSERT_TRUE(target);
    EXPECT_EQ(target->path, "/api/a b");
    EXPECT_EQ(*find(target->query, "name"), "x&y");
    EXPECT_EQ(*find(target->query, "flag"), "");
    EXPECT_EQ(*find(target->query, "space"), "a b");
    EXPECT_EQ(find(target->query, "absent"), nullptr);
}

TEST(Target, MalformedEscapesAreRefused) {
    for (const auto* bad : {"", "relative", "/%", "/%2", "/%zz", "/?x=%f"})
        EXPECT_FALSE(parse_target(bad)) << bad;
}

TEST(Routes, MatchesSegmentsAndKeepsParameters) {
    Routes routes;
    routes.add("GET", "/incidents/{id}/plan", nothing);
    const auto match = routes.match("GET", "/incidents/inc-7/plan");
    ASSERT_NE(match.handler, nullptr);
    EXPECT_EQ(*find(match.params, "id"), "inc-7");
    EXPECT_EQ(routes.match("GET", "/incidents//plan").handler, nullptr);
    EXPECT_EQ(routes.match("GET", "/incidents/inc-7").handler, nullptr);
    EXPECT_EQ(routes.match("GET", "/incidents/inc-7/plan/x").handler, nullptr);
}

TEST(Routes, NamesTheMethodsThatAPathTakes) {
    Routes routes;
    routes.add("GET", "/x", nothing);
    routes.add("PUT", "/x", nothing);
    EXPECT_EQ(routes.match("POST", "/x").allowed, "GET, PUT");
    EXPECT_EQ(routes.match("POST", "/y").allowed, "");
}

TEST(Gzip, RefusesABombBeforeItUnpacksIt) {
    const auto packed = gzip(std::string(std::size_t{64} << 20U, 'a'));
    const auto plain = gunzip(packed, std::size_t{1} << 20U);
    ASSERT_FALSE(plain);
    EXPECT_EQ(plain.error().code, ErrorCode::resource_exhausted);
}

TEST(Gzip, RefusesWhatEndsEarly) {
    const auto packed = gzip("some telemetry, some telemetry, some telemetry");
    for (std::size_t length = 0; length < packed.size(); ++length) {
        EXPECT_FALSE(gunzip(packed.substr(0, length), 1000)) << length;
    }
    EXPECT_FALSE(gunzip("not gzip at all", 1000));
}

RC_GTEST_PROP(Gzip, ReturnsWhatWasPackedUpToTheBound, (const std::string& text)) {
    const auto packed = gzip(text);
    RC_ASSERT(gunzip(packed, text.size()).value() == text);
    if (!text.empty()) RC_ASSERT(!gunzip(packed, text.size() - 1).has_value());
}

}  // namespace
}  // namespace homeostat::http
