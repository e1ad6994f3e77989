// SPDX-License-Identifier: Apache-2.0
#include "homeostat/telemetry/event_decoder.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace homeostat::telemetry {
namespace {

namespace ondemand = simdjson::ondemand;

constexpr double kSecondsMax = 9.2e9;  // of a time stamp: int64 nanoseconds end in the year 2262
constexpr std::size_t kFirstCapacity = std::size_t{64} << 10U;

// The members that must be there, as bits.
enum Member : unsigned { service = 1, timestamp = 2, latencies = 4, responses = 8, cpu = 16, memory = 32 };
constexpr unsigned kAll = 63;

std::unexpected<Error> wrong(std::string_view member, std::string_view wanted) {
    return fail(ErrorCode::invalid_argument, fmt::format("the event's '{}' must be {}", member, wanted));
}

Result<EventTime> read_time(ondemand::value value) {
    ondemand::json_type type{};
    if (value.type().get(type) != simdjson::SUCCESS) return wrong("timestamp", "RFC 3339 or Unix seconds");
    if (type == ondemand::json_type::string) {
        std::string_view text;
        if (value.get_string().get(text) != simdjson::SUCCESS) return wrong("timestamp", "RFC 3339");
        return parse_rfc3339(text);
    }
    double seconds = 0;
    if (value.get_double().get(seconds) != simdjson::SUCCESS || !(std::abs(seconds) < kSecondsMax)) {
        return wrong("timestamp", "RFC 3339 or Unix seconds");
    }
    // Whole seconds first: 1e9 times a present time stamp needs more bits than a double has.
    const double whole = std::floor(seconds);
    const auto nanos = static_cast<std::int64_t>(std::llround((seconds - whole) * 1e9));
    return EventTime(std::chrono::seconds(static_cast<std::int64_t>(whole)) + Duration(nanos));
}

}  // namespace

struct EventDecoder::Impl {
    ondemand::parser parser;
    std::vector<char> padded = std::vector<char>(kFirstCapacity);
    std::vector<double> latencies;
    std::vector<std::uint16_t> statuses;

    Result<unsigned> read_member(std::string_view key, ondemand::value value, model::ServiceEvent& event);
    Result<> read_latencies(ondemand::value value);
    Result<> read_responses(ondemand::value value);
    Result<model::ServiceEvent> read(std::string_view text);
};

Result<> EventDecoder::Impl::read_latencies(ondemand::value value) {
    ondemand::array array;
    if (value.get_array().get(array) != simdjson::SUCCESS) return wrong("latencies_ms", "a list of numbers");
    latencies.clear();
    for (auto element : array) {
        double latency = 0;
        if (element.get_double().get(latency) != simdjson::SUCCESS)
            return wrong("latencies_ms", "a list of numbers");
        latencies.push_back(latency);
    }
    return {};
}

Result<> EventDecoder::Impl::read_responses(ondemand::value value) {
    constexpr std::string_view kWanted = "a list of objects with a whole 'status'";
    ondemand::array array;
    if (value.get_array().get(array) != simdjson::SUCCESS) return wrong("responses", kWanted);
    statuses.clear();
    for (auto element : array) {
        std::uint64_t status = 0;
        ondemand::object object;
        if (element.get_object().get(object) != simdjson::SUCCESS ||
            object["status"].get_uint64().get(status) != simdjson::SUCCESS || status > UINT16_MAX) {
            return wrong("responses", kWanted);
        }
        statuses.push_back(static_cast<std::uint16_t>(status));
    }
    return {};
}

Result<unsigned> EventDecoder::Impl::read_member(std::string_view key, ondemand::value value,
                                                 model::ServiceEvent& event) {
    if (key == "service") {
        if (value.get_string().get(event.service) != simdjson::SUCCESS) return wrong(key, "a text");
        return Member::service;
    }
    if (key == "timestamp") {
        HOMEOSTAT_TRY(event.at, read_time(value));
        return Member::timestamp;
    }
    if (key == "latencies_ms") {
        if (auto read = read_latencies(value); !read) return std::unexpected(std::move(read).error());
        return Member::latencies;
    }
    if (key == "responses") {
        if (auto read = read_responses(value); !read) return std::unexpected(std::move(read).error());
        return Member::responses;
    }
    if (key == "cpu_percent") {
        if (value.get_double().get(event.cpu_percent) != simdjson::SUCCESS) return wrong(key, "a number");
        return Member::cpu;
    }
    if (key == "memory_mb") {
        if (value.get_double().get(event.memory_mb) != simdjson::SUCCESS) return wrong(key, "a number");
        return Member::memory;
    }
    if (key == "deployment_version") {
        if (bool null = false; value.is_null().get(null) == simdjson::SUCCESS && null) return 0U;
        std::string_view version;
        if (value.get_string().get(version) != simdjson::SUCCESS) return wrong(key, "a text or null");
        event.deployment_version = version;
    }
    return 0U;
}

Result<model::ServiceEvent> EventDecoder::Impl::read(std::string_view text) {
    const auto no_json = [] { return fail(ErrorCode::invalid_argument, "the event is no JSON object"); };
    if (padded.size() < text.size() + simdjson::SIMDJSON_PADDING) {
        padded.resize((text.size() + simdjson::SIMDJSON_PADDING) * 2);
    }
    std::memcpy(padded.data(), text.data(), text.size());
    std::memset(padded.data() + text.size(), 0, simdjson::SIMDJSON_PADDING);

    ondemand::document document;
    ondemand::object object;
    if (parser.iterate(padded.data(), text.size(), padded.size()).get(document) != simdjson::SUCCESS ||
        document.get_object().get(object) != simdjson::SUCCESS) {
        return no_json();
    }
    latencies.clear();
    statuses.clear();
    model::ServiceEvent event;
    unsigned present = 0;
    for (auto field : object) {
        std::string_view key;
        ondemand::value value;
        if (field.unescaped_key().get(key) != simdjson::SUCCESS ||
            field.value().get(value) != simdjson::SUCCESS) {
            return no_json();
        }
        HOMEOSTAT_TRY(const unsigned member, read_member(key, value, event));
        present |= member;
    }
    const bool has_more = document.current_location().error() != simdjson::OUT_OF_BOUNDS;
    if (has_more) return no_json();
    constexpr std::array<std::string_view, 6> kNames{"service",   "timestamp",   "latencies_ms",
                                                     "responses", "cpu_percent", "memory_mb"};
    for (std::size_t i = 0; present != kAll && i < kNames.size(); ++i) {
        if ((present >> i & 1U) == 0) {
            return fail(ErrorCode::invalid_argument, fmt::format("the event's '{}' is missing", kNames[i]));
        }
    }
    event.latencies_ms = latencies;
    event.statuses = statuses;
    return event;
}

EventDecoder::EventDecoder() : impl_(std::make_unique<Impl>()) {}
EventDecoder::~EventDecoder() = default;
EventDecoder::EventDecoder(EventDecoder&&) noexcept = default;
EventDecoder& EventDecoder::operator=(EventDecoder&&) noexcept = default;

Result<model::ServiceEvent> EventDecoder::decode(std::string_view text) {
    if (text.size() > kTextMax) {
        return fail(ErrorCode::resource_exhausted,
                    fmt::format("the event has {} bytes, more than {}", text.size(), kTextMax));
    }
    return impl_->read(text);
}

}  // namespace homeostat::telemetry
