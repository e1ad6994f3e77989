// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstring>
#include <protozero/pbf_writer.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "homeostat/base/time.h"

namespace homeostat::bench {

/// An OTLP trace request of one service, as an SDK sends it: half server, half client spans, six
/// attributes and about 300 bytes each. renew() gives every span a new id and a time, in place, so that no
/// request is a repetition and none is late.
class SpanBatch {
public:
    SpanBatch(const std::string& service, std::size_t spans) {
        std::string scope;
        std::vector<std::size_t> starts;
        for (std::size_t i = 0; i < spans; ++i) {
            const auto span = make_span(i);
            protozero::pbf_writer(scope).add_message(2, span);
            starts.push_back(scope.size() - span.size());
        }
        std::string resource_spans;
        protozero::pbf_writer writer(resource_spans);
        writer.add_message(1, make_resource(service));
        writer.add_message(2, scope);
        const auto scope_at = resource_spans.size() - scope.size();
        protozero::pbf_writer(bytes_).add_message(1, resource_spans);
        const auto resource_spans_at = bytes_.size() - resource_spans.size();
        for (const auto start : starts) spans_.push_back(resource_spans_at + scope_at + start);
    }

    [[nodiscard]] std::string_view bytes() const { return bytes_; }
    [[nodiscard]] std::size_t bytes_per_span() const { return bytes_.size() / spans_.size(); }

    void renew(std::uint64_t first_id, EventTime end) {
        const auto end_ns = static_cast<std::uint64_t>(end.time_since_epoch().count());
        for (std::size_t i = 0; i < spans_.size(); ++i) {
            const std::uint64_t id = first_id + i;
            const std::uint64_t start_ns = end_ns - 5'000'000 - (id * 7919 % 20'000'000);
            std::memcpy(bytes_.data() + spans_[i] + kTraceIdAt, &id, sizeof id);
            std::memcpy(bytes_.data() + spans_[i] + kSpanIdAt, &id, sizeof id);
            std::memcpy(bytes_.data() + spans_[i] + kStartAt, &start_ns, sizeof start_ns);
            std::memcpy(bytes_.data() + spans_[i] + kEndAt, &end_ns, sizeof end_ns);
        }
    }

private:
    // Where the values stand in a span that begins with trace_id, span_id, start and end.
    static constexpr std::size_t kTraceIdAt = 2;
    static constexpr std::size_t kSpanIdAt = 18 + 2;
    static constexpr std::size_t kStartAt = 28 + 1;
    static constexpr std::size_t kEndAt = 37 + 1;

    static void add_attribute(protozero::pbf_writer& writer, protozero::pbf_tag_type tag,
                              std::string_view key, const std::string& value) {
        protozero::pbf_writer attribute(writer, tag);
        attribute.add_string(1, key.data(), key.size());
        protozero::pbf_writer any(attribute, 2);
        any.add_string(1, value);
    }

    static std::string make_resource(const std::string& service) {
        std::string out;
        protozero::pbf_writer writer(out);
        add_attribute(writer, 1, "service.name", service);
        add_attribute(writer, 1, "service.instance.id", service + "-1");
        add_attribute(writer, 1, "service.version", "1.4.2");
        add_attribute(writer, 1, "telemetry.sdk.language", "cpp");
        return out;
    }

    static std::string make_span(std::size_t i) {
        const bool is_client = i % 2 == 1;
        std::string out;
        protozero::pbf_writer writer(out);
        writer.add_bytes(1, std::string(16, 't'));
        writer.add_bytes(2, std::string(8, 's'));
        writer.add_fixed64(7, 1);
        writer.add_fixed64(8, 1);
        writer.add_bytes(4, std::string(8, 'p'));
        writer.add_string(5, "POST /api/v1/payments");
        writer.add_enum(6, is_client ? 3 : 2);
        add_attribute(writer, 9, "http.request.method", "POST");
        add_attribute(writer, 9, "url.path", "/api/v1/payments/" + std::to_string(100'000 + i));
        add_attribute(writer, 9, "network.protocol.version", "1.1");
        add_attribute(writer, 9, "server.address", "payment.default.svc");
        add_attribute(writer, 9, is_client ? "peer.service" : "user_agent", "rate-limiter");
        protozero::pbf_writer attribute(writer, 9);
        attribute.add_string(1, "http.response.status_code");
        protozero::pbf_writer any(attribute, 2);
        any.add_int64(3, i % 100 == 0 ? 500 : 200);
        return out;
    }

    std::string bytes_;
    std::vector<std::size_t> spans_;
};

}  // namespace homeostat::bench
