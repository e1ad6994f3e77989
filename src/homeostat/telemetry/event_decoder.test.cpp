// SPDX-License-Identifier: Apache-2.0
#include "homeostat/telemetry/event_decoder.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>

namespace homeostat::telemetry {
namespace {

constexpr std::string_view kWhole =
    R"({"service":"payment","timestamp":"2026-01-31T12:00:00.5Z","latencies_ms":[12.5,9],)"
    R"("responses":[{"status":200},{"status":500,"path":"/pay"}],"cpu_percent":41.5,"memory_mb":512,)"
    R"("deployment_version":"1.4.2"})";

std::string replaced(std::string_view from, std::string_view to) {
    std::string text(kWhole);
    const auto at = text.find(from);
    EXPECT_NE(at, std::string::npos);
    return text.replace(at, from.size(), to);
}

std::string error_of(std::string_view text) {
    EventDecoder decoder;
    const auto event = decoder.decode(text);
    if (event) return "no error";
    EXPECT_EQ(event.error().code, ErrorCode::invalid_argument);
    return event.error().message;
}

TEST(EventDecoder, ReadsEveryField) {
    EventDecoder decoder;
    const auto event = decoder.decode(kWhole);
    ASSERT_TRUE(event) << event.error().message;
    EXPECT_EQ(event->service, "payment");
    EXPECT_EQ(event->at, parse_rfc3339("2026-01-31T12:00:00.5Z").value());
    EXPECT_EQ(std::vector(event->latencies_ms.begin(), event->latencies_ms.end()), (std::vector{12.5, 9.0}));
    EXPECT_EQ(std::vector(event->statuses.begin(), event->statuses.end()),
              (std::vector<std::uint16_t>{200, 500}));
    EXPECT_EQ(event->cpu_percent, 41.5);
    EXPECT_EQ(event->memory_mb, 512);
    EXPECT_EQ(event->deployment_version, "1.4.2");
}

TEST(EventDecoder, TakesUnixSecondsWithAFraction) {
    EventDecoder decoder;
    const auto event = decoder.decode(replaced("\"2026-01-31T12:00:00.5Z\"", "1769860800.5"));
    ASSERT_TRUE(event) << event.error().message;
    EXPECT_EQ(event->at, parse_rfc3339("2026-01-31T12:00:00.5Z").value());
}

TEST(EventDecoder, TheVersionMayBeAbsentOrNull) {
    EventDecoder decoder;
    EXPECT_EQ(decoder.decode(replaced(R"(,"deployment_version":"1.4.2")", ""))->deployment_version,
              std::nullopt);
    EXPECT_EQ(decoder.decode(replaced(R"("1.4.2")", "null"))->deployment_version, std::nullopt);
}

TEST(EventDecoder, NamesTheMemberThatIsMissingOrWrong) {
    EXPECT_EQ(error_of("{}"), "the event's 'service' is missing");
    EXPECT_EQ(error_of(replaced(R"("memory_mb":512,)", "")), "the event's 'memory_mb' is missing");
    EXPECT_EQ(error_of(replaced("\"payment\"", "7")), "the event's 'service' must be a text");
    EXPECT_EQ(error_of(replaced("[12.5,9]", "[12.5,\"9\"]")),
              "the event's 'latencies_ms' must be a list of numbers");
    EXPECT_EQ(error_of(replaced("[12.5,9]", "12.5")), "the event's 'latencies_ms' must be a list of numbers");
    EXPECT_EQ(error_of(replaced("{\"status\":200}", "{}")),
              "the event's 'responses' must be a list of objects with a whole 'status'");
    EXPECT_EQ(error_of(replaced("\"status\":200", "\"status\":-1")),
              "the event's 'responses' must be a list of objects with a whole 'status'");
    EXPECT_EQ(error_of(replaced("41.5", "null")), "the event's 'cpu_percent' must be a number");
    EXPECT_EQ(error_of(replaced("\"2026-01-31T12:00:00.5Z\"", "true")),
              "the event's 'timestamp' must be RFC 3339 or Unix seconds");
    EXPECT_EQ(error_of(replaced("\"2026-01-31T12:00:00.5Z\"", "1e300")),
              "the event's 'timestamp' must be RFC 3339 or Unix seconds");
    EXPECT_EQ(error_of(replaced("2026-01-31T12", "yesterday")), "'yesterday:00:00.5Z' is no RFC 3339 time");
}

TEST(EventDecoder, RefusesWhatIsNoJsonObject) {
    for (const std::string_view bad :
         {"", " ", "[]", "null", "{", "\xff\xfe", "{\"service\":\"a\"} x", "{\"service\""}) {
        EXPECT_NE(error_of(bad), "no error") << bad;
    }
    EXPECT_EQ(error_of(std::string(kWhole) + "{}"), "the event is no JSON object");
}

TEST(EventDecoder, EveryPrefixIsAnError) {
    for (std::size_t length = 0; length < kWhole.size(); ++length) {
        EXPECT_NE(error_of(kWhole.substr(0, length)), "no error") << length;
    }
}

TEST(EventDecoder, RefusesATextBeyondItsBound) {
    EventDecoder decoder;
    const auto event = decoder.decode(std::string(EventDecoder::kTextMax + 1, ' '));
    EXPECT_EQ(event.error().code, ErrorCode::resource_exhausted);
}

RC_GTEST_PROP(EventDecoder, GoesOnAfterAnyNoise, (const std::string& noise)) {
    EventDecoder decoder;
    (void)decoder.decode(noise);
    RC_ASSERT(decoder.decode(kWhole).has_value());
}

}  // namespace
}  // namespace homeostat::telemetry
